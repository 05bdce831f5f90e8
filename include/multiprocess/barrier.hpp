// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/barrier_action.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/timeout.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>

namespace multiprocess {

/// A place where a number of parties wait for one another, again and again.
///
/// A copyable handle: every copy, in whatever process, is the same barrier. A barrier breaks when a
/// wait runs out of time, when its action throws, by `abort`, and, unlike in Python, when a process
/// is killed that waits or has waited since the barrier was made or reset: the others get
/// BrokenBarrierError until somebody calls `reset`. (Nobody knows of a party that never came: give
/// a timeout.)
class Barrier {
 public:
  using shared_handle = void;

  /// For so many parties. Any integer type; throws ValueError for a number below 1, or too large.
  /// Throws std::bad_alloc when shared memory is short.
  template <detail::Count Number>
  explicit Barrier(Number parties) : Barrier(parties, forever) {}

  /// With a time that a wait may take which does not say so itself.
  template <detail::Count Number>
  Barrier(Number parties, Timeout timeout)
      : ref_(create(detail::count(parties), timeout, detail::BarrierAction())) {}

  /// With something that the last party to come does before they all go on. It runs in that one's
  /// process: a copy of `action` in each, as of a process's target. One that cannot cross to
  /// another process is for this one and those that it forks: sending the barrier throws
  /// NotSendable then.
  template <detail::Count Number, std::invocable F>
  Barrier(Number parties, F action, Timeout timeout = forever)
      : ref_(create(detail::count(parties), timeout, detail::BarrierAction(std::move(action)))) {}

  /// Waits for the others, at most `timeout`, or as the barrier was told when it was made. How many
  /// had come before: each number below parties() once. Throws BrokenBarrierError when the barrier
  /// is broken or breaks, which the end of the time does; what the action throws, when it ran here;
  /// std::bad_alloc when shared memory is short, at a process's first call.
  int wait(Timeout timeout = forever) const;

  /// Mends a broken barrier, and forgets who has come: those who wait get BrokenBarrierError.
  void reset() const;

  /// Breaks the barrier: those who wait and those who come get BrokenBarrierError.
  void abort() const;

  int parties() const;

  /// How many wait at this moment.
  int n_waiting() const;

  bool broken() const;

  friend bool operator==(const Barrier&, const Barrier&) = default;
  friend std::string mp_repr(const Barrier& barrier);

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received);

 private:
  static detail::SharedRef create(std::ptrdiff_t parties, Timeout timeout,
                                  detail::BarrierAction action);

  detail::SharedRef ref_;
};

}  // namespace multiprocess
