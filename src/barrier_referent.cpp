// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/barrier_referent.hpp>

#include <multiprocess/detail/beside.hpp>
#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_barrier(ServedCall& call) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  const std::int64_t parties = call.arguments().get_signed();
  const std::int64_t time = call.arguments().get_signed();
  if (parties < 1 || parties > most) {
    throw ValueError(fmt::format("a barrier has 1 to {} parties, not {}", most, parties));
  }
  std::optional<Blob> action;
  if (call.arguments().get() != 0) {
    action = call.arguments().get_blob();
  }
  return std::make_shared<BarrierReferent>(static_cast<std::uint64_t>(parties), time,
                                           std::move(action));
}

void BarrierReferent::serve(ServedCall& call) {
  switch (call.method<BarrierMethod>()) {
    case BarrierMethod::wait:
      return wait(call);
    case BarrierMethod::reset:
      broken_ = false;
      known_.clear();
      return send_away();
    case BarrierMethod::abort:
      return break_up();
    case BarrierMethod::parties:
      return call.answer().put(parties_);
    case BarrierMethod::n_waiting:
      return call.answer().put(waiting_.size());
    case BarrierMethod::broken:
      end_the_dead(call.server());
      return call.answer().put(broken_ ? 1 : 0);
    case BarrierMethod::show:
      return call.answer().put_text(show());
  }
  throw_no_such_method();
}

void BarrierReferent::wait(ServedCall& call) {
  const std::int64_t time = call.arguments().get_signed();
  const os::Deadline deadline = deadline_after(time < 0 ? time_ : time);
  watch(call.session());
  if (acts_) {
    early_.emplace_back(std::move(call), deadline);
  } else {
    come(call, deadline);
  }
}

void BarrierReferent::come(ServedCall& call, os::Deadline deadline) {
  end_the_dead(call.server());
  if (call.session()->is_over()) {
    return;
  }
  if (broken_) {
    throw BrokenBarrierError();
  }
  known_.insert(call.session()->process());
  const std::uint64_t index = waiting_.size();
  if (index + 1 == parties_) {
    if (action_) {
      return act(call);
    }
    call.answer().put(index);
    call.finish();
    return pass();
  }
  waiting_.add(call, deadline, Place{index}, [this](auto late) {
    if (acts_) {  // all are there: the time was for them to come
      return waiting_.add(late.call, os::never, late.note, [](auto) {});
    }
    break_up();
    late.call.fail(BrokenBarrierError());
  });
}

void BarrierReferent::act(ServedCall& call) {
  call.answer().put(waiting_.size());
  const auto self = std::static_pointer_cast<BarrierReferent>(shared_from_this());
  do_beside(
      call, [action = *action_](CallWriter&) { action.as<Function<void()>>()(); },
      [self, round = round_](ServedCall& last) {
        self->acts_ = false;
        if (self->round_ == round) {
          last.finish();
          self->pass();
        } else {
          last.fail(BrokenBarrierError());
        }
        self->serve_early();
      },
      [self, round = round_] {
        self->acts_ = false;
        if (self->round_ == round) {
          self->break_up();
        }
        self->serve_early();
      });
  acts_ = true;  // the second part runs in this thread, later
}

void BarrierReferent::pass() {
  while (auto next = waiting_.take()) {
    next->call.answer().put(next->note.index);
    next->call.finish();
  }
}

void BarrierReferent::break_up() {
  broken_ = true;
  send_away();
}

void BarrierReferent::send_away() {
  ++round_;
  while (auto next = waiting_.take()) {
    next->call.fail(BrokenBarrierError());
  }
}

void BarrierReferent::serve_early() {
  for (auto& [call, deadline] : std::exchange(early_, {})) {
    try {
      if (acts_) {
        early_.emplace_back(std::move(call), deadline);
      } else if (call.is_wanted()) {
        come(call, deadline);
      }
    } catch (...) {
      if (call) {
        call.fail(std::current_exception());
      }
    }
  }
}

void BarrierReferent::thread_ended(Session& session) {
  if (waiting_.take_of(session)) {
    break_up();
  }
}

void BarrierReferent::process_ended(std::uint64_t process, bool killed) {
  if (known_.erase(process) != 0 && killed) {
    break_up();
  }
}

std::string BarrierReferent::show() const {
  const std::string how =
      broken_ ? "broken" : fmt::format("waiters={}/{}", waiting_.size(), parties_);
  return fmt::format("<multiprocess.synchronize.Barrier at {:#x}: {}>",
                     reinterpret_cast<std::uintptr_t>(this), how);
}

}  // namespace multiprocess::detail
