// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/condition.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/lock_calls.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/waiters.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <new>

namespace multiprocess {

namespace {

using detail::ConditionState;
using detail::ObjectType;

void destroy(detail::Offset object) noexcept {
  auto& state = *detail::at<ConditionState>(object);
  detail::Waiters::destroy(state);
  detail::drop_reference(state.lock);
}

const bool known = detail::register_destroy(ObjectType::condition, &destroy);

detail::SharedRef make_condition(const detail::SharedRef& lock, ObjectType type) {
  const detail::Offset block = detail::allocate(sizeof(ConditionState));
  auto* const state = new (detail::at<ConditionState>(block)) ConditionState{};
  state->recursive = type == ObjectType::rlock ? 1 : 0;
  // Killed before it is published: the repair ends it as a condition, with what it has by then.
  detail::step::store(detail::owner_word(block),
                      detail::owner::dying(detail::self().ticket,
                                           static_cast<std::uint32_t>(ObjectType::condition)));
  try {
    detail::add_reference(state->lock, lock.offset());
    return detail::publish_object(block, ObjectType::condition);
  } catch (...) {
    detail::end_object(block);
    throw;
  }
}

ConditionState& state_of(const detail::SharedRef& ref) {
  return *static_cast<ConditionState*>(ref.address());
}

/// The lock of a condition, of either kind.
class ItsLock {
 public:
  explicit ItsLock(ConditionState& state)
      : place_(state.lock.load(std::memory_order_relaxed)), is_recursive_(state.recursive != 0) {}

  bool is_recursive() const { return is_recursive_; }
  detail::RecursiveLock& recursive() const { return *detail::at<detail::RecursiveLock>(place_); }
  detail::OwnedLock& owned() const {
    return is_recursive_ ? recursive().owned() : *detail::at<detail::OwnedLock>(place_);
  }

  /// Whatever can be done with either.
  template <class Use>
  auto use(Use call) const {
    return is_recursive_ ? call(recursive()) : call(owned());
  }

  void require_held(const char* otherwise) const {
    if (!owned().held_by_this_thread()) {
      throw AssertionError(otherwise);
    }
  }

 private:
  detail::Offset place_;
  bool is_recursive_;
};

/// While one exists, the calling thread has let go of a lock that it holds, of all its levels.
class LetGo {
 public:
  explicit LetGo(const ItsLock& lock) noexcept
      : lock_(lock), depth_(lock.is_recursive() ? lock.recursive().depth() : 0) {
    lock_.owned().release();
  }
  ~LetGo() {
    lock_.owned().acquire();
    if (lock_.is_recursive()) {
      lock_.recursive().set_depth(depth_);
    }
  }
  LetGo(const LetGo&) = delete;
  LetGo& operator=(const LetGo&) = delete;

 private:
  const ItsLock& lock_;
  std::uint32_t depth_;
};

}  // namespace

Condition::Condition(Lock lock) : ref_(make_condition(lock.ref_, ObjectType::lock)) {}
Condition::Condition(RLock lock) : ref_(make_condition(lock.ref_, ObjectType::rlock)) {}

void Condition::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, ObjectType::condition);
}

bool Condition::acquire(Timeout timeout) const {
  return ItsLock(state_of(ref_)).use([timeout](auto& lock) {
    return detail::acquire_lock(lock, timeout);
  });
}

void Condition::release() const {
  ItsLock(state_of(ref_)).use([](auto& lock) { detail::release_lock(lock); });
}

bool Condition::owner_died() const {
  return ItsLock(state_of(ref_)).owned().was_taken_over();
}

bool Condition::is_past(detail::os::Deadline deadline) {
  return deadline != detail::os::never && deadline <= std::chrono::steady_clock::now();
}

bool Condition::wait_until(detail::os::Deadline deadline) const {
  const ItsLock lock(state_of(ref_));
  lock.require_held("must acquire() condition before using wait()");
  const detail::Waiters waiters(state_of(ref_));
  detail::Waiter& mine = waiters.enter();
  detail::Waiter* taken_over = nullptr;
  {
    const LetGo others_may_have_it(lock);
    taken_over = waiters.sleep(mine, deadline);
  }
  return waiters.leave(mine, taken_over);
}

void Condition::notify_some(std::ptrdiff_t n) const {
  ItsLock(state_of(ref_)).require_held("lock is not owned");
  if (n > 0) {
    detail::Waiters(state_of(ref_)).notify(static_cast<std::uint64_t>(n));
  }
}

void Condition::notify_all() const {
  ItsLock(state_of(ref_)).require_held("lock is not owned");
  detail::Waiters(state_of(ref_)).notify(UINT64_MAX);
}

std::string mp_repr(const Condition& condition) {
  ConditionState& state = state_of(condition.ref_);
  const std::string lock =
      ItsLock(state).use([](auto& its_lock) { return detail::lock_repr(its_lock); });
  return fmt::format("<Condition({}), {}>", lock, detail::Waiters(state).count());
}

}  // namespace multiprocess
