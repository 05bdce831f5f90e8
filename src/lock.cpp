// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/owner_name.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <new>

namespace multiprocess {

namespace {

template <class Shared>
detail::SharedRef make(detail::ObjectType type) {
  const detail::Offset block = detail::allocate(sizeof(Shared));
  new (detail::at<Shared>(block)) Shared{};
  return detail::publish_object(block, type);
}

bool took_over(std::uint64_t owner) noexcept {
  return (owner & detail::OwnedLock::died_flag) != 0;
}

}  // namespace

Lock::Lock() : ref_(make<detail::OwnedLock>(detail::ObjectType::lock)) {}

void Lock::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::lock);
}

bool Lock::acquire(Timeout timeout) const {
  using detail::Taken;
  // The common case needs no look at the clock.
  return shared().try_acquire() != Taken::no || shared().acquire(timeout.deadline()) != Taken::no;
}

void Lock::release() const {
  if (!shared().release()) {
    throw ValueError("the lock was released too many times: nobody holds it");
  }
}

bool Lock::locked() const {
  return shared().owner() != 0;
}

bool Lock::owner_died() const {
  return took_over(shared().owner());
}

std::string mp_repr(const Lock& lock) {
  return fmt::format("<Lock(owner={})>", detail::owner_name(lock.shared().owner()));
}

RLock::RLock() : ref_(make<detail::RecursiveLock>(detail::ObjectType::rlock)) {}

void RLock::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::rlock);
}

bool RLock::acquire(Timeout timeout) const {
  return shared().try_acquire() || shared().acquire(timeout.deadline());
}

void RLock::release() const {
  if (!shared().release()) {
    throw AssertionError("attempt to release recursive lock not owned by thread");
  }
}

bool RLock::locked() const {
  return shared().owned().owner() != 0;
}

bool RLock::owner_died() const {
  return took_over(shared().owned().owner());
}

std::string mp_repr(const RLock& lock) {
  detail::RecursiveLock& shared = lock.shared();
  const std::uint64_t owner = shared.owned().owner();
  const std::string depth = owner == 0                             ? "0"
                            : shared.owned().held_by_this_thread() ? fmt::to_string(shared.depth())
                                                                   : "nonzero";
  return fmt::format("<RLock({}, {})>", detail::owner_name(owner), depth);
}

}  // namespace multiprocess
