// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/entries.hpp>
#include <multiprocess/detail/os/deadline.hpp>

#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// One thread that waits on a condition.
struct alignas(64) Waiter {
  enum State : std::uint32_t { idle, waiting, notified, one_nudge = 4 };

  std::atomic<std::uint32_t> state;  // with a count of nudges: what it sleeps on
  std::atomic<std::uint32_t> sleepers;
  std::atomic<std::uint64_t> ticket;  // of its process, 0: nobody's
  std::atomic<std::uint64_t> number;  // who came earlier has a smaller one
  std::atomic<std::uint64_t> before;  // it was notified when all who waited had smaller ones
};

using WaiterBlock = EntryBlock<Waiter, 3>;

/// What a condition has: a lock, and who waits. All but a take-over happens under the lock.
struct ConditionState {
  WaiterBlock waiters;
  alignas(64) RefEntry lock;
  std::uint64_t recursive;  // 1: a RecursiveLock
  std::atomic<std::uint64_t> next_number;
};

/// Who waits on a condition.
///
/// A notification belongs to one waiter. When that one is killed before its wait() has returned,
/// another one takes it over that was waiting when it was made; nobody waits for an answer.
class Waiters {
 public:
  static constexpr std::uint64_t tag = owner::tag_mask - 3;

  explicit Waiters(ConditionState& state) noexcept : state_(state) {}

  /// The calling thread waits from now on. std::bad_alloc when memory is short.
  Waiter& enter() const;

  /// Without the lock: until it is notified, or has taken over from a dead one, which it returns,
  /// or until `deadline`.
  Waiter* sleep(Waiter& mine, os::Deadline deadline) const noexcept;

  /// It waits no more. True when a notification was for it.
  bool leave(Waiter& mine, Waiter* taken_over) const noexcept;

  /// Notifies those who have waited longest, at most so many.
  void notify(std::uint64_t most) const noexcept;

  /// How many living threads wait and were not notified.
  std::uint64_t count() const noexcept;

  static void destroy(ConditionState& state) noexcept;

 private:
  bool is_free(const Waiter& waiter) const noexcept;
  Waiter* find_free(std::uint64_t ticket) const noexcept;
  Waiter* take_over(const Waiter& mine) const noexcept;
  void pass_on(Waiter& taken_over, const Waiter& mine) const noexcept;
  Waiter* longest_waiting() const noexcept;
  void tell(Waiter& waiter) const noexcept;

  ConditionState& state_;
};

}  // namespace multiprocess::detail
