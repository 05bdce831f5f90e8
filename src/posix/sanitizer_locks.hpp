// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// The address sanitizer up to clang 16 forks without a look at its own locks: one that another
// thread holds stays locked in the child for ever, and the child hangs in its first allocation.
// From clang 17 on it does what stands here itself.
#if defined(__clang__) && __clang_major__ < 17
#if __has_feature(address_sanitizer)

#include <pthread.h>

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the sanitizer's names.
// Weak: out of reach in a shared library, and with a shared runtime.
namespace __lsan {
[[gnu::weak]] void LockThreadRegistry();
[[gnu::weak]] void UnlockThreadRegistry();
[[gnu::weak]] void LockAllocator();
[[gnu::weak]] void UnlockAllocator();
}  // namespace __lsan

namespace __sanitizer {
[[gnu::weak]] void StackDepotLockAll();
[[gnu::weak]] void StackDepotUnlockAll();
}  // namespace __sanitizer
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

namespace multiprocess::detail::os {

inline void lock_sanitizer() {
  __lsan::LockThreadRegistry();
  __lsan::LockAllocator();
  __sanitizer::StackDepotLockAll();
}

inline void unlock_sanitizer() {
  __sanitizer::StackDepotUnlockAll();
  __lsan::UnlockAllocator();
  __lsan::UnlockThreadRegistry();
}

/// Before all other handlers of a fork are known: those who came first lock last and unlock first.
[[gnu::constructor(101)]] inline void lock_sanitizer_at_fork() {
  if (__lsan::LockThreadRegistry != nullptr) {
    pthread_atfork(lock_sanitizer, unlock_sanitizer, unlock_sanitizer);
  }
}

}  // namespace multiprocess::detail::os

#endif
#endif
