// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/recursive_lock.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/std_lockable.hpp>
#include <multiprocess/timeout.hpp>

#include <string>

namespace multiprocess {

class Condition;
namespace detail {
template <class L>
class Passing;
}

/// A lock that the processes of the tree share; not recursive.
///
/// A copyable handle: every copy, in whatever process, is the same lock. Any process or thread may
/// release it, as in Python. Unlike in Python, a holder that has died does not block the others:
/// the next `acquire` succeeds and `owner_died()` says so. It can be used with `std::scoped_lock`,
/// `std::unique_lock` and `std::lock`.
class Lock : public detail::StdLockable<Lock> {
 public:
  using shared_handle = void;

  /// A new lock, free. Throws std::bad_alloc when shared memory is short.
  Lock();

  /// True when this thread holds the lock now. Waits at most `timeout`, and not at all when `block`
  /// is false; waits for ever on a lock that the calling thread itself holds.
  bool acquire(Block block = true, Timeout timeout = forever) const {
    return acquire(effective_timeout(block, timeout));
  }
  bool acquire(Timeout timeout) const;

  /// Frees the lock, whoever holds it. Throws ValueError when nobody does.
  void release() const;

  /// Whether anybody holds it at this moment.
  bool locked() const;

  /// Whether its present holder took it over from a process that died with it: what the lock guards
  /// may be half changed. True for everybody until that holder releases.
  bool owner_died() const;

  friend bool operator==(const Lock&, const Lock&) = default;
  friend std::string mp_repr(const Lock& lock);

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received);

 private:
  friend class Condition;
  template <class L>
  friend class detail::Passing;

  void release_unrepaired() const noexcept { shared().release_unrepaired(); }

  detail::OwnedLock& shared() const noexcept {
    return *static_cast<detail::OwnedLock*>(ref_.address());
  }

  detail::SharedRef ref_;
};

/// A lock that the thread which holds it may take again; it is free when it was released as often.
///
/// A copyable handle in every way that Lock is one, and as safe from the death of its holder. Only
/// the thread that holds it may release it.
class RLock : public detail::StdLockable<RLock> {
 public:
  using shared_handle = void;

  /// A new lock, free. Throws std::bad_alloc when shared memory is short.
  RLock();

  /// True when this thread holds the lock now, perhaps once more. Waits for others at most
  /// `timeout`, and not at all when `block` is false.
  bool acquire(Block block = true, Timeout timeout = forever) const {
    return acquire(effective_timeout(block, timeout));
  }
  bool acquire(Timeout timeout) const;

  /// Undoes one acquire. Throws AssertionError when the calling thread does not hold the lock.
  void release() const;

  /// Whether anybody holds it at this moment.
  bool locked() const;

  /// Whether its present holder took it over from a process that died with it: what the lock guards
  /// may be half changed. True for everybody until that holder's last release.
  bool owner_died() const;

  friend bool operator==(const RLock&, const RLock&) = default;
  friend std::string mp_repr(const RLock& lock);

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received);

 private:
  friend class Condition;
  template <class L>
  friend class detail::Passing;

  void release_unrepaired() const noexcept { shared().release_unrepaired(); }

  detail::RecursiveLock& shared() const noexcept {
    return *static_cast<detail::RecursiveLock*>(ref_.address());
  }

  detail::SharedRef ref_;
};

}  // namespace multiprocess
