// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/holders.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/owned_lock.hpp>

#include <atomic>
#include <cstdint>
#include <limits>

namespace multiprocess::detail {

/// A semaphore in the arena. A holding says how many units a process took and did not give back, in
/// its lower half; the upper half counts its changes.
struct UnitsState {
  HoldingBlock holdings;
  alignas(64) std::atomic<std::uint32_t> value;  // units that are free; what sleepers compare
  std::atomic<std::uint32_t> sleepers;
  std::uint32_t initial;
  std::uint32_t bounded;            // 1: the value never exceeds that
  OwnedLock lock;                   // of who gives holdings away, or the units of the dead back
  std::atomic<std::uint64_t> debt;  // units of the dead that were not given back yet
  std::atomic<std::uint64_t> debt_since;  // nanoseconds of the steady clock
};

/// The units of a semaphore behind a handle.
///
/// A process notes a unit before it takes it, and forgets it after it has given it back: what the
/// notes of the killed say is too much at worst, never too little. So a unit comes back only where
/// the value and the notes of the living leave one missing.
class Units {
 public:
  static constexpr std::uint32_t limit = std::numeric_limits<std::int32_t>::max();

  static SharedRef create(std::uint32_t initial, bool bounded);

  explicit Units(const SharedRef& ref) noexcept
      : state_(*static_cast<UnitsState*>(ref.address())), holders_(ref) {}

  /// Takes one, waiting for it until `deadline`. std::bad_alloc when memory is short.
  bool acquire(os::Deadline deadline) const;
  bool try_acquire() const;

  /// Gives one back, whoever took it. False when there are as many as there can be.
  bool release() const;

  /// Free ones, those that the dead had included.
  std::uint32_t value() const;

  bool is_bounded() const noexcept { return state_.bounded != 0; }
  std::uint32_t most() const noexcept { return is_bounded() ? state_.initial : limit; }

 private:
  class Locked;
  struct Notes {
    std::uint64_t sum = 0;
    std::uint64_t units = 0;
  };

  Holding* own(os::Deadline deadline) const;
  bool take(Holding& mine) const noexcept;
  bool sleep_for_one(Holding& mine, os::Deadline deadline) const;
  void wake(std::uint64_t count) const noexcept;
  void ask_about_holders() const noexcept;
  bool has_dead_holder() const noexcept;
  void give_back() const noexcept;
  void collect_debts() const noexcept;
  void pay_debts() const noexcept;
  std::uint64_t missing() const noexcept;
  Notes notes() const noexcept;

  UnitsState& state_;
  Holders holders_;
};

}  // namespace multiprocess::detail
