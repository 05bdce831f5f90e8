// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/owned_lock.hpp>

#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// An OwnedLock that its holder may take again. How often it has is the holder's own business: the
/// next one begins at one, whatever a dead holder has left.
class RecursiveLock {
 public:
  bool try_acquire() noexcept {
    if (owned_.try_acquire() != Taken::no) {
      set_depth(1);
      return true;
    }
    if (owned_.held_by_this_thread()) {
      set_depth(depth() + 1);
      return true;
    }
    return false;
  }

  bool acquire(os::Deadline deadline) noexcept {
    if (try_acquire()) {
      return true;
    }
    if (owned_.acquire(deadline) == Taken::no) {
      return false;
    }
    set_depth(1);
    return true;
  }

  /// False when the calling thread does not hold it.
  bool release() noexcept {
    if (!owned_.held_by_this_thread()) {
      return false;
    }
    if (depth() > 1) {
      set_depth(depth() - 1);
    } else {
      owned_.release();
    }
    return true;
  }

  /// As release(); see OwnedLock.
  void release_unrepaired() noexcept {
    if (depth() > 1) {
      set_depth(depth() - 1);
    } else {
      owned_.release_unrepaired();
    }
  }

  /// For the holder: how often it is to be released.
  std::uint32_t depth() const noexcept { return depth_.load(std::memory_order_relaxed); }
  void set_depth(std::uint32_t depth) noexcept {
    step::store(depth_, depth, std::memory_order_relaxed);
  }

  OwnedLock& owned() noexcept { return owned_; }
  const OwnedLock& owned() const noexcept { return owned_; }

 private:
  OwnedLock owned_;
  std::atomic<std::uint32_t> depth_;
};

}  // namespace multiprocess::detail
