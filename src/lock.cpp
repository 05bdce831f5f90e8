// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/lock_calls.hpp>

#include <new>

namespace multiprocess {

namespace {

template <class Shared>
detail::SharedRef make(detail::ObjectType type) {
  const detail::Offset block = detail::allocate(sizeof(Shared));
  new (detail::at<Shared>(block)) Shared{};
  return detail::publish_object(block, type);
}

}  // namespace

Lock::Lock() : ref_(make<detail::OwnedLock>(detail::ObjectType::lock)) {}

void Lock::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::lock);
}

bool Lock::acquire(Timeout timeout) const {
  return detail::acquire_lock(shared(), timeout);
}

void Lock::release() const {
  detail::release_lock(shared());
}

bool Lock::locked() const {
  return shared().owner() != 0;
}

bool Lock::owner_died() const {
  return shared().was_taken_over();
}

std::string mp_repr(const Lock& lock) {
  return detail::lock_repr(lock.shared());
}

RLock::RLock() : ref_(make<detail::RecursiveLock>(detail::ObjectType::rlock)) {}

void RLock::require_kind(const detail::SharedRef& received) {
  detail::require_type(received, detail::ObjectType::rlock);
}

bool RLock::acquire(Timeout timeout) const {
  return detail::acquire_lock(shared(), timeout);
}

void RLock::release() const {
  detail::release_lock(shared());
}

bool RLock::locked() const {
  return shared().owned().owner() != 0;
}

bool RLock::owner_died() const {
  return shared().owned().was_taken_over();
}

std::string mp_repr(const RLock& lock) {
  return detail::lock_repr(lock.shared());
}

}  // namespace multiprocess
