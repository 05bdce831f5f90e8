// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/holders.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/futex.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/step.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace multiprocess::detail {

/// A semaphore in the arena. How many units a process took and did not give back is noted in its
/// holding: in the lower half, the upper half counts its changes. One process at a time notes a few
/// of its units beside the value instead, so that they are taken and noted by one operation.
struct UnitsState {
  HoldingBlock holdings;
  alignas(64) std::atomic<std::uint32_t> value;  // units that are free; what sleepers compare
  std::atomic<std::uint32_t> beside;             // whose and how many, 0: none
  std::atomic<std::uint32_t> sleepers;
  std::uint32_t initial;
  std::uint32_t bounded;            // 1: the value never exceeds that
  OwnedLock lock;                   // of who gives holdings away, or the units of the dead back
  std::atomic<std::uint64_t> debt;  // units of the dead that were not given back yet
  std::atomic<std::uint64_t> debt_since;  // nanoseconds of the steady clock
};

/// The value of a semaphore, and what one process has noted beside it: in which holding it would be
/// otherwise, by its place in the arena, and how many units.
class ValueWord {
 public:
  explicit constexpr ValueWord(std::uint64_t word) noexcept : word_(word) {}

  /// 0 when it is too far out in a large arena.
  static constexpr std::uint64_t name_of(Offset holding) noexcept {
    const std::uint64_t place = holding / sizeof(Holding);
    return place <= ~std::uint64_t{0} / one_name ? place : 0;
  }

  constexpr std::uint64_t word() const noexcept { return word_; }
  constexpr std::uint32_t value() const noexcept { return static_cast<std::uint32_t>(word_); }
  constexpr std::uint64_t units() const noexcept { return word_ / one_unit % (most + 1); }
  constexpr std::uint64_t units_of(std::uint64_t name) const noexcept {
    return word_ / one_name == name ? units() : 0;
  }

  constexpr bool may_be_taken_by(std::uint64_t name) const noexcept {
    const bool is_free = units() == 0 || (word_ / one_name == name && units() != most);
    return value() != 0 && name != 0 && is_free;
  }
  constexpr ValueWord taken_by(std::uint64_t name) const noexcept {
    return ValueWord(name * one_name + (units() + 1) * one_unit + value() - 1);
  }
  constexpr ValueWord given_back() const noexcept {
    return ValueWord((units() > 1 ? word_ - one_unit : value()) + 1);
  }

 private:
  static constexpr std::uint64_t most = 3;
  static constexpr std::uint64_t one_unit = std::uint64_t{1} << 32;
  static constexpr std::uint64_t one_name = one_unit * (most + 1);

  std::uint64_t word_;
};

/// The units of a semaphore behind a handle.
///
/// A process notes a unit not later than it takes it, and forgets it not before it has given it
/// back: what the notes of the killed say is too much at worst, never too little. So a unit comes
/// back only where the value and the notes of the living leave one missing.
class Units {
 public:
  static constexpr std::uint32_t limit = std::numeric_limits<std::int32_t>::max();

  static SharedRef create(std::uint32_t initial, bool bounded);

  explicit Units(const SharedRef& ref) noexcept
      : state_(*static_cast<UnitsState*>(ref.address())), holders_(ref) {}

  /// Takes one, waiting for it until `deadline`. std::bad_alloc when memory is short.
  bool acquire(os::Deadline deadline) const;
  bool try_acquire() const;

  /// The same, at once, in the common case: this process has come before, and it may note the unit
  /// beside the value.
  bool acquire_quickly() const {
    return holders_.known() != nullptr && take_beside(holders_.known_place());
  }

  /// Gives one back, whoever took it. False when there are as many as there can be.
  bool release() const;

  /// The same, in the common case: one that is noted beside the value.
  bool release_quickly() const {
    return holders_.known() != nullptr && give_back_beside(holders_.known_place());
  }

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

  /// The value and the word beside it, as one.
  std::atomic<std::uint64_t>& both() const noexcept {
    static_assert(std::endian::native == std::endian::little, "the value is the lower half");
    static_assert(offsetof(UnitsState, value) % 8 == 0 &&
                  offsetof(UnitsState, beside) == offsetof(UnitsState, value) + 4);
    auto* const state = reinterpret_cast<std::byte*>(&state_);
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(state + offsetof(UnitsState, value));
  }
  ValueWord look() const noexcept { return ValueWord(both().load(std::memory_order_seq_cst)); }

  bool take_beside(Offset mine) const noexcept {
    const std::uint64_t name = ValueWord::name_of(mine);
    std::uint64_t word = both().load(std::memory_order_relaxed);
    while (ValueWord(word).may_be_taken_by(name)) {
      if (step::cas(both(), word, ValueWord(word).taken_by(name).word())) [[likely]] {
        return true;
      }
    }
    return false;
  }
  bool give_back_beside(Offset mine) const noexcept {
    const std::uint64_t name = ValueWord::name_of(mine);
    std::uint64_t word = both().load(std::memory_order_relaxed);
    while (ValueWord(word).units_of(name) != 0 && ValueWord(word).value() < most()) {
      if (step::cas(both(), word, ValueWord(word).given_back().word())) [[likely]] {
        wake(1);
        return true;
      }
    }
    return false;
  }

  Holding* own(os::Deadline deadline) const;
  bool take(Holding& mine) const noexcept;
  bool sleep_for_one(Holding& mine, os::Deadline deadline) const;
  void wake(std::uint64_t count) const noexcept {
    if (state_.sleepers.load(std::memory_order_seq_cst) != 0) [[unlikely]] {
      os::wake_sleepers(state_.value, static_cast<int>(std::min<std::uint64_t>(count, limit)));
    }
  }
  std::uint64_t units_of(const Holding& holding) const noexcept;
  void forget_beside(const Holding& holding) const noexcept;
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
