// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/std_lockable.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/timeout.hpp>

#include <concepts>
#include <cstddef>
#include <string>

namespace multiprocess {

/// A lock, and a place to wait until another process says that what it guards has changed.
///
/// A copyable handle: every copy, in whatever process, is the same condition with the same lock.
/// Unlike in Python `notify` never waits for those whom it wakes, so that no killed process blocks
/// it; and when one that was notified is killed before its `wait` has returned, another one that
/// waited at that moment is woken in its place. It can be used with `std::scoped_lock`,
/// `std::unique_lock` and `std::lock`, which take its lock.
class Condition : public detail::StdLockable<Condition> {
 public:
  using shared_handle = void;

  /// With an RLock of its own. Throws std::bad_alloc when shared memory is short.
  Condition() : Condition(RLock()) {}

  /// With this lock, which others may use as well.
  explicit Condition(Lock lock);
  explicit Condition(RLock lock);

  /// Takes the lock, as its own acquire.
  bool acquire(Block block = true, Timeout timeout = forever) const {
    return acquire(effective_timeout(block, timeout));
  }
  bool acquire(Timeout timeout) const;

  /// Frees the lock, as its own release, with that one's errors.
  void release() const;

  /// Whether the lock's present holder took it over from a process that died with it.
  bool owner_died() const;

  /// Frees the lock, however often the calling thread has taken it, waits to be notified, at most
  /// `timeout`, and takes the lock again as often, however long that needs. True when it was
  /// notified. Throws AssertionError when the calling thread does not hold the lock, std::bad_alloc
  /// when shared memory is short.
  bool wait(Timeout timeout = forever) const { return wait_until(timeout.deadline()); }

  /// Waits until `predicate()` is true, at most `timeout`; it is called with the lock held. Its
  /// last answer. Throws what it throws, and what wait() throws.
  template <class Predicate>
  requires std::predicate<Predicate&>
  bool wait_for(Predicate predicate, Timeout timeout = forever) const {
    if (predicate()) {
      return true;
    }
    const detail::os::Deadline deadline = timeout.deadline();
    bool answer = false;
    while (!answer && !is_past(deadline)) {
      wait_until(deadline);
      answer = static_cast<bool>(predicate());
    }
    return answer;
  }

  /// Wakes the one that has waited longest, or so many; fewer when fewer wait, none when `n` is not
  /// positive. Throws AssertionError when the calling thread does not hold the lock.
  void notify() const { notify(1); }
  template <detail::Count Number>
  void notify(Number n) const {
    notify_some(detail::count(n));
  }

  /// Wakes all who wait. Throws as notify().
  void notify_all() const;

  friend bool operator==(const Condition&, const Condition&) = default;
  friend std::string mp_repr(const Condition& condition);

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received);

 private:
  static bool is_past(detail::os::Deadline deadline);
  bool wait_until(detail::os::Deadline deadline) const;
  void notify_some(std::ptrdiff_t n) const;

  detail::SharedRef ref_;
};

}  // namespace multiprocess
