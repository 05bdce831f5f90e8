// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/lock_referent.hpp>

#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_lock(ServedCall& call) {
  return std::make_shared<LockReferent>(call.arguments().get() != 0);
}

void LockReferent::serve(ServedCall& call) {
  switch (call.method<AcquirerMethod>()) {
    case AcquirerMethod::acquire:
      return acquire(call);
    case AcquirerMethod::release:
      return release(*call.session());
    case AcquirerMethod::locked:
      end_the_dead(call.server());
      return call.answer().put(holder_ != nullptr ? 1 : 0);
    case AcquirerMethod::get_value:
      return call.answer().put(holder_ != nullptr ? 0 : 1);
    case AcquirerMethod::owner_died:
      return call.answer().put(holder_ != nullptr && taken_over_ ? 1 : 0);
    case AcquirerMethod::show:
      return call.answer().put_text(show());
    case AcquirerMethod::count:
      break;
  }
  throw_no_such_method();
}

void LockReferent::acquire(ServedCall& call) {
  const os::Deadline deadline = read_deadline(call.arguments());
  if (recursive_ && is_held_by(*call.session())) {
    ++depth_;
    return answer(call, true);
  }
  if (holder_ != nullptr) {
    end_the_dead(call.server());
  }
  if (call.session()->is_over()) {
    return;
  }
  watch(call.session());
  if (holder_ == nullptr) {
    give(call, Wish{});
  } else if (deadline == os::at_once) {
    answer(call, false);
  } else {
    waiting_.add(call, deadline, Wish{}, [](auto late) { answer(late.call, false); });
  }
}

void LockReferent::release(const Session& session) {
  if (recursive_ && !is_held_by(session)) {
    throw AssertionError("attempt to release recursive lock not owned by thread");
  }
  if (holder_ == nullptr) {
    throw ValueError("the lock was released too many times: nobody holds it");
  }
  if (--depth_ == 0) {
    pass_on(false);
  }
}

void LockReferent::give(ServedCall& call, Wish wish) {
  holder_ = call.session();
  depth_ = wish.depth;
  lost_ = std::move(wish.lost);
  answer(call, wish.answer);
}

void LockReferent::pass_on(bool died) {
  holder_ = nullptr;
  depth_ = 0;
  taken_over_ = died;
  std::vector<std::function<void()>> lost;
  if (died) {
    lost.push_back(std::move(lost_));
  }
  lost_ = nullptr;
  if (auto next = waiting_.take([&](auto& dead) { lost.push_back(std::move(dead.note.lost)); })) {
    give(next->call, std::move(next->note));
  }
  for (const auto& each : lost) {  // they may give the lock away
    if (each) {
      each();
    }
  }
}

std::uint64_t LockReferent::let_go() {
  const std::uint64_t depth = depth_;
  pass_on(false);
  return depth;
}

void LockReferent::take_again(ServedCall& call, std::uint64_t depth, bool notified,
                              std::function<void()> lost) {
  watch(call.session());
  Wish wish{depth, notified, std::move(lost)};
  if (holder_ == nullptr) {
    give(call, std::move(wish));
  } else {
    waiting_.add(call, os::never, std::move(wish), [](auto) {});
  }
}

void LockReferent::thread_ended(Session& session) {
  if (const auto dropped = waiting_.take_of(session); dropped && dropped->note.lost) {
    dropped->note.lost();
  }
  if (recursive_ && is_held_by(session)) {
    pass_on(true);
  }
}

void LockReferent::process_ended(std::uint64_t process, bool) {
  if (holder_ != nullptr && holder_->process() == process) {
    pass_on(true);
  }
}

std::string LockReferent::show() const {
  const std::string owner = holder_ == nullptr ? "None" : holder_->client();
  return recursive_ ? fmt::format("<RLock({}, {})>", owner, depth_)
                    : fmt::format("<Lock(owner={})>", owner);
}

}  // namespace multiprocess::detail
