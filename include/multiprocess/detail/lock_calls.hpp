// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/recursive_lock.hpp>
#include <multiprocess/timeout.hpp>

#include <string>

namespace multiprocess::detail {

/// What Lock and RLock do, also for those who only have one. The common case needs no look at the
/// clock.
inline bool acquire_lock(OwnedLock& lock, Timeout timeout) {
  return lock.try_acquire() != Taken::no || lock.acquire(timeout.deadline()) != Taken::no;
}
inline bool acquire_lock(RecursiveLock& lock, Timeout timeout) {
  return lock.try_acquire() || lock.acquire(timeout.deadline());
}

/// Throws ValueError when nobody holds it.
void release_lock(OwnedLock& lock);
/// Throws AssertionError when the calling thread does not hold it.
void release_lock(RecursiveLock& lock);

/// As Python prints them: with who holds it, which is None, the process (and the thread, when it is
/// not the main one) if it is the calling thread, SomeOtherThread or SomeOtherProcess.
std::string lock_repr(const OwnedLock& lock);
std::string lock_repr(const RecursiveLock& lock);

}  // namespace multiprocess::detail
