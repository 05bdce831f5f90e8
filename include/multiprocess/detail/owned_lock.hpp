// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/word.hpp>

#include <atomic>
#include <bit>
#include <cstdint>

namespace multiprocess::detail {

enum class Taken { no, clean, from_dead };

/// A lock in the arena whose word says who holds it. Zero is free. When the holder has died, the
/// next taker gets it and is told so: nothing has to repair the lock itself.
class OwnedLock {
 public:
  static constexpr std::uint64_t died_flag = 1;  // the holder took over from a dead one

  Taken try_acquire() noexcept {
    std::uint64_t expected = 0;
    if (step::cas(owner_, expected, this_owner())) {
      return Taken::clean;
    }
    return take_over(expected);
  }

  Taken acquire(os::Deadline deadline = os::never) noexcept {
    std::uint64_t expected = 0;
    if (step::cas(owner_, expected, this_owner())) [[likely]] {
      return Taken::clean;
    }
    return acquire_slowly(deadline);
  }

  /// False when nobody held it. Any process may release.
  bool release() noexcept { return free_with(0) > free_after_death; }

  /// Frees it as the dead holder would have: the next taker is told of the death once more. For a
  /// holder who only passed by, and cannot say whether what the lock guards is as it should be.
  void release_unrepaired() noexcept { free_with(free_after_death); }

  /// 0 when nobody holds it.
  std::uint64_t owner() const noexcept {
    const std::uint64_t word = owner_.load(std::memory_order_acquire);
    return word == free_after_death ? 0 : word;
  }
  bool was_taken_over() const noexcept { return (owner() & died_flag) != 0; }
  bool held_by_this_thread() const { return (owner() & ~std::uint64_t{3}) == this_owner(); }

 private:
  /// Nobody holds it, and nobody has looked after what a dead holder left. To a taker this is one
  /// more holder who is over.
  static constexpr std::uint64_t free_after_death = died_flag;

  std::uint64_t free_with(std::uint64_t word) noexcept {
    const std::uint64_t before = step::exchange(owner_, word);
    if (sleepers_.load(std::memory_order_seq_cst) != 0) [[unlikely]] {
      os::wake_sleepers(low_half(), 1);
    }
    return before;
  }
  Taken take_over(std::uint64_t owner) noexcept;
  Taken acquire_slowly(os::Deadline deadline) noexcept;
  Taken sleep_for_it(os::Deadline deadline) noexcept;

  /// The half with slot, thread and flags: what sleepers compare.
  std::atomic<std::uint32_t>& low_half() noexcept {
    constexpr std::size_t index = std::endian::native == std::endian::little ? 0 : 1;
    return reinterpret_cast<std::atomic<std::uint32_t>*>(&owner_)[index];
  }

  std::atomic<std::uint64_t> owner_;
  std::atomic<std::uint32_t> sleepers_;
};

/// Holds an OwnedLock that guards a short internal section.
class OwnedGuard {
 public:
  explicit OwnedGuard(OwnedLock& lock) noexcept : lock_(lock), taken_(lock.acquire()) {}
  ~OwnedGuard() { lock_.release(); }
  OwnedGuard(const OwnedGuard&) = delete;
  OwnedGuard& operator=(const OwnedGuard&) = delete;

  /// The previous holder died inside the section.
  bool from_dead() const noexcept { return taken_ == Taken::from_dead; }

 private:
  OwnedLock& lock_;
  Taken taken_;
};

}  // namespace multiprocess::detail
