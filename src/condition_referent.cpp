// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/condition_referent.hpp>

#include <multiprocess/detail/referent_kinds.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <functional>

namespace multiprocess::detail {

std::shared_ptr<Referent> make_condition(ServedCall& call) {
  if (call.arguments().get() == 0) {
    return std::make_shared<ConditionReferent>(std::make_shared<LockReferent>(true));
  }
  auto lock =
      std::dynamic_pointer_cast<LockReferent>(call.server().find(call.arguments().get_ref()));
  if (lock == nullptr) {
    throw TypeError("a condition needs a Lock or RLock of its own manager");
  }
  return std::make_shared<ConditionReferent>(std::move(lock));
}

void ConditionReferent::serve(ServedCall& call) {
  if (call.method<AcquirerMethod>() < AcquirerMethod::show) {
    return lock_->serve(call);
  }
  switch (call.method<ConditionMethod>()) {
    case ConditionMethod::wait:
      return wait(call);
    case ConditionMethod::notify:
      require_held(*call.session(), "lock is not owned");
      return notify(call.arguments().get());
    case ConditionMethod::show:
      return call.answer().put_text(show());
  }
  throw_no_such_method();
}

void ConditionReferent::require_held(const Session& session, const char* otherwise) const {
  if (!lock_->is_held_by(session)) {
    throw AssertionError(otherwise);
  }
}

void ConditionReferent::wait(ServedCall& call) {
  require_held(*call.session(), "must acquire() condition before using wait()");
  const os::Deadline deadline = read_deadline(call.arguments());
  watch(call.session());
  const std::uint64_t depth = lock_->let_go();
  if (deadline == os::at_once) {
    wake(call, depth, false);
  } else {
    sleeping_.add(call, deadline, LetGo{depth},
                  [this](auto late) { wake(late.call, late.note.depth, false); });
  }
}

void ConditionReferent::notify(std::uint64_t most) {
  for (; most != 0; --most) {
    auto next = sleeping_.take();
    if (!next) {
      return;
    }
    wake(next->call, next->note.depth, true);
  }
}

/// Who was notified and is killed before it has the lock has not heard it: another one shall.
void ConditionReferent::wake(ServedCall& call, std::uint64_t depth, bool notified) {
  std::function<void()> lost;
  if (notified) {
    lost = [weak = weak_from_this()] {
      if (const auto self = std::static_pointer_cast<ConditionReferent>(weak.lock())) {
        self->notify(1);
      }
    };
  }
  lock_->take_again(call, depth, notified, std::move(lost));
}

std::string ConditionReferent::show() const {
  return fmt::format("<Condition({}), {}>", lock_->show(), sleeping_.size());
}

}  // namespace multiprocess::detail
