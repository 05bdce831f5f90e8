// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/semaphore_referent.hpp>

#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_semaphore(ServedCall& call) {
  const std::int64_t units = call.arguments().get_signed();
  if (units < 0 || units > std::int64_t{SemaphoreReferent::most}) {
    throw ValueError(
        fmt::format("a semaphore has 0 to {} units, not {}", SemaphoreReferent::most, units));
  }
  return std::make_shared<SemaphoreReferent>(static_cast<std::uint64_t>(units),
                                             call.arguments().get() != 0);
}

void SemaphoreReferent::serve(ServedCall& call) {
  switch (call.method<AcquirerMethod>()) {
    case AcquirerMethod::acquire:
      return acquire(call);
    case AcquirerMethod::release:
      return release(*call.session());
    case AcquirerMethod::locked:
      end_the_dead(call.server());
      return call.answer().put(units_ == 0 ? 1 : 0);
    case AcquirerMethod::get_value:
      end_the_dead(call.server());
      return call.answer().put(units_);
    case AcquirerMethod::owner_died:
      return call.answer().put(0);
    case AcquirerMethod::show:
      end_the_dead(call.server());
      return call.answer().put_text(show());
    case AcquirerMethod::count:
      break;
  }
  throw_no_such_method();
}

void SemaphoreReferent::acquire(ServedCall& call) {
  const os::Deadline deadline = read_deadline(call.arguments());
  if (units_ == 0) {
    end_the_dead(call.server());
  }
  if (call.session()->is_over()) {
    return;
  }
  watch(call.session());
  if (units_ != 0) {
    give(call);
  } else if (deadline == os::at_once) {
    answer(call, false);
  } else {
    waiting_.add(call, deadline, Nothing{}, [](auto late) { answer(late.call, false); });
  }
}

void SemaphoreReferent::give(ServedCall& call) {
  --units_;
  ++taken_[call.session()->process()];
  answer(call, true);
}

void SemaphoreReferent::give_waiting() {
  while (units_ != 0) {
    auto next = waiting_.take();
    if (!next) {
      return;
    }
    give(next->call);
  }
}

void SemaphoreReferent::release(const Session& session) {
  if (units_ >= (bounded_ ? initial_ : most)) {
    throw ValueError("semaphore or lock released too many times");
  }
  if (const auto own = taken_.find(session.process()); own != taken_.end() && --own->second == 0) {
    taken_.erase(own);
  }
  ++units_;
  give_waiting();
}

/// As many as it had, as far as they are neither free nor in the hands of the living: who only
/// passes signals with it has taken units that others made.
void SemaphoreReferent::process_ended(std::uint64_t process, bool killed) {
  const auto its = taken_.find(process);
  if (its == taken_.end()) {
    return;
  }
  const std::uint64_t lost = its->second;
  taken_.erase(its);
  std::uint64_t known = units_;
  for (const auto& [living, units] : taken_) {
    known += units;
  }
  if (killed && known < initial_) {
    units_ += std::min(lost, initial_ - known);
    give_waiting();
  }
}

std::string SemaphoreReferent::show() const {
  return bounded_ ? fmt::format("<BoundedSemaphore(value={}, maxvalue={})>", units_, initial_)
                  : fmt::format("<Semaphore(value={})>", units_);
}

}  // namespace multiprocess::detail
