// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/timeout.hpp>

#include <chrono>
#include <string>

namespace multiprocess {

/// A lock that the processes of the tree share; not recursive.
///
/// A copyable handle: every copy, in whatever process, is the same lock. Any process or thread may
/// release it, as in Python. Unlike in Python, a holder that has died does not block the others:
/// the next `acquire` succeeds and `owner_died()` says so. It can be used with `std::scoped_lock`,
/// `std::unique_lock` and `std::lock`.
class Lock {
 public:
  using shared_handle = void;

  /// A new lock, free. Throws std::bad_alloc when shared memory is short.
  Lock();

  /// True when this thread holds the lock now. Waits at most `timeout`, and not at all when `block`
  /// is false; waits for ever on a lock that the calling thread itself holds.
  bool acquire(Block block = true, Timeout timeout = forever) const {
    return take(effective_timeout(block, timeout));
  }
  bool acquire(Timeout timeout) const { return take(timeout); }

  /// Frees the lock, whoever holds it. Throws ValueError when nobody does.
  void release() const;

  /// Whether anybody holds it at this moment.
  bool locked() const;

  /// Whether its present holder took it over from a process that died with it: what the lock guards
  /// may be half changed. True for everybody until that holder releases.
  bool owner_died() const;

  void lock() const { take(forever); }
  void unlock() const { release(); }
  bool try_lock() const { return take(std::chrono::nanoseconds::zero()); }
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> duration) const {
    return take(duration);
  }
  template <class Clock, class Duration>
  bool try_lock_until(std::chrono::time_point<Clock, Duration> moment) const {
    return take(detail::time_until(moment));
  }

  friend bool operator==(const Lock&, const Lock&) = default;
  friend std::string mp_repr(const Lock& lock);

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received);

 private:
  detail::OwnedLock& shared() const noexcept {
    return *static_cast<detail::OwnedLock*>(ref_.address());
  }
  bool take(Timeout timeout) const;

  detail::SharedRef ref_;
};

}  // namespace multiprocess
