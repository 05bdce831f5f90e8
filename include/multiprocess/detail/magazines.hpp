// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/slabs.hpp>
#include <multiprocess/detail/step.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

/// Free blocks that a process keeps, so that it finds the next one without a look at what all
/// share. They stand in the arena, where everybody finds them: when memory runs out, others give
/// them back to the slabs, whether their keeper runs, sleeps, or never allocates again.
struct alignas(64) Magazines {
  static constexpr std::uint32_t most = 32;  // blocks of one size

  /// Ticket of the process that changes them, 0 when none does. One step to take, a plain store to
  /// free: this stands in the way of every allocation, and hardly ever does somebody wait for it.
  std::atomic<std::uint64_t> holder;
  /// By size class, a chain: length << 32 | first block / 64. The first word of a kept block is the
  /// same for the rest of its chain.
  std::array<std::atomic<std::uint64_t>, heap_classes> kept;

  static std::uint32_t length(std::uint64_t chain) noexcept {
    return static_cast<std::uint32_t>(chain >> 32);
  }
};

/// Of the participant in that slot.
inline Magazines& magazines_of(std::uint32_t slot) {
  return at<Magazines>(area::magazines)[slot];
}

/// Holds the magazines of a participant, unless the time is up. Whoever holds some asks for no
/// others, and clears nothing away.
class HeldMagazines {
 public:
  explicit HeldMagazines(Magazines& magazines, os::Deadline deadline = os::never)
      : all_(magazines), holds_(take(self().ticket, deadline)) {}
  ~HeldMagazines() {
    if (holds_) {
      step::store(all_.holder, 0);
    }
  }
  HeldMagazines(const HeldMagazines&) = delete;
  HeldMagazines& operator=(const HeldMagazines&) = delete;

  explicit operator bool() const noexcept { return holds_; }

  std::uint32_t count(std::size_t size_class) const noexcept {
    return Magazines::length(chain(size_class));
  }

  /// 0 when there is none.
  Offset pop(std::size_t size_class) noexcept {
    const std::uint64_t word = chain(size_class);
    if (word != 0) {
      step::store(all_.kept[size_class], rest(word));
    }
    return first(word);
  }

  /// A free block that is private to the participant.
  void push(std::size_t size_class, Offset block) noexcept {
    const std::uint64_t word = chain(size_class);
    link(block).store(word, std::memory_order_relaxed);  // raw: not seen yet
    step::store(all_.kept[size_class], ((word >> 32) + 1) << 32 | block / 64);
  }

  /// At most `most` blocks leave for where `put(block)` writes them with the same transaction.
  template <class Put>
  void move_out(Transaction& change, std::size_t size_class, std::uint32_t most, Put put) {
    std::uint64_t word = chain(size_class);
    for (; most != 0 && word != 0; --most) {
      const Offset block = first(word);
      word = rest(word);
      put(block);
    }
    change.write(all_.kept[size_class], word);
  }

  /// For the repair: what is kept is no longer found here.
  void forget() noexcept;

 private:
  bool take(Ticket me, os::Deadline deadline) noexcept {
    return try_take(me) || take_slowly(me, deadline);
  }
  bool try_take(Ticket me) noexcept {
    std::uint64_t nobody = 0;
    return step::cas(all_.holder, nobody, me.word());
  }
  bool take_slowly(Ticket me, os::Deadline deadline) noexcept;
  bool take_over(Ticket me) noexcept;

  std::uint64_t chain(std::size_t size_class) const noexcept {
    return all_.kept[size_class].load(std::memory_order_relaxed);
  }
  static std::atomic<std::uint64_t>& link(Offset block) {
    return *at<std::atomic<std::uint64_t>>(block);
  }
  static Offset first(std::uint64_t chain) noexcept { return (chain & 0xffffffff) * 64; }
  static std::uint64_t rest(std::uint64_t chain) noexcept {
    return link(first(chain)).load(std::memory_order_relaxed);
  }

  const Unrepaired nothing_is_cleared_away_;
  Magazines& all_;
  bool holds_;
};

}  // namespace multiprocess::detail
