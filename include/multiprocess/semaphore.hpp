// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/std_lockable.hpp>
#include <multiprocess/detail/units.hpp>
#include <multiprocess/timeout.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace multiprocess {

/// A number of units that the processes of the tree take and give back; who finds none waits.
///
/// A copyable handle: every copy, in whatever process, is the same semaphore. Any process or thread
/// may release, whether it has acquired or not, as in Python. Unlike in Python the units of a
/// process that is killed come back: as many as it had taken, as far as they are neither free nor
/// in the hands of living processes, and never more than there were at first. Units of a process
/// that ends by itself stay taken. It can be used with `std::scoped_lock`, `std::unique_lock` and
/// `std::lock`.
class Semaphore : public detail::StdLockable<Semaphore> {
 public:
  using shared_handle = void;

  /// With one unit. Throws std::bad_alloc when shared memory is short.
  Semaphore() : Semaphore(1) {}

  /// With so many units. Any integer type; throws ValueError for a negative number and for more
  /// than 2147483647.
  template <detail::Count Number>
  explicit Semaphore(Number value) : Semaphore(create(detail::count(value), false)) {}

  /// True when this process has one unit more. Waits for it at most `timeout`, and not at all when
  /// `block` is false. Throws std::bad_alloc when shared memory is short, at a process's first
  /// call.
  bool acquire(Block block = true, Timeout timeout = forever) const {
    return acquire(effective_timeout(block, timeout));
  }
  bool acquire(Timeout timeout) const {
    return detail::Units(ref_).acquire_quickly() || acquire_slowly(timeout);
  }

  /// One unit more is free, whoever had it, if anybody. Throws ValueError when there would be more
  /// than 2147483647, or in a BoundedSemaphore more than at first.
  void release() const {
    if (!detail::Units(ref_).release_quickly()) {
      release_slowly();
    }
  }

  /// Whether no unit is free at this moment.
  bool locked() const { return get_value() == 0; }

  /// How many units are free at this moment.
  int get_value() const;

  friend bool operator==(const Semaphore&, const Semaphore&) = default;
  friend std::string mp_repr(const Semaphore& semaphore);

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received);

 protected:
  explicit Semaphore(detail::SharedRef ref) : ref_(std::move(ref)) {}

  static detail::SharedRef create(std::ptrdiff_t value, bool bounded);
  const detail::SharedRef& ref() const noexcept { return ref_; }

 private:
  bool acquire_slowly(Timeout timeout) const;
  void release_slowly() const;

  detail::SharedRef ref_;
};

/// A Semaphore that never has more free units than at first: one release too many is a ValueError.
///
/// It is a Semaphore in every other respect, and can be passed as one. Unlike in Python the check
/// and the release are one step.
class BoundedSemaphore : public Semaphore {
 public:
  /// With one unit. Throws std::bad_alloc when shared memory is short.
  BoundedSemaphore() : BoundedSemaphore(1) {}

  /// With so many units, as a Semaphore.
  template <detail::Count Number>
  explicit BoundedSemaphore(Number value) : Semaphore(create(detail::count(value), true)) {}

  friend std::string mp_repr(const BoundedSemaphore& semaphore);

  static void require_kind(const detail::SharedRef& received);
};

}  // namespace multiprocess
