// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/word.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace multiprocess::detail {

/// Where one item lies: full once `sequence` is its position + 1, which no earlier item of the
/// place, nor an empty place, can say.
struct Slot {
  std::atomic<std::uint64_t> sequence;

  std::byte* payload() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

/// A run of slots, beginning with position `base`; a queue is a chain of them.
struct alignas(64) Segment {
  std::atomic<std::uint64_t> next;  // a later segment, 0: none yet
  std::uint64_t base;

  Slot& slot(std::uint64_t position, std::size_t slot_size) noexcept {
    return *reinterpret_cast<Slot*>(reinterpret_cast<std::byte*>(this + 1) +
                                    (position - base) * slot_size);
  }
};

/// What one process has taken from a joinable queue, and how much of that is done; see hands.hpp.
struct alignas(64) Hand {
  std::atomic<std::uint64_t> ticket;  // 0: nobody's
  std::atomic<std::uint64_t> gets;
  std::atomic<std::uint64_t> dones;  // never more than gets
};

/// A queue in the arena. Putters and getters each have a lock and words of their own; they meet
/// only in the slots.
struct QueueState {
  // Fixed.
  std::uint64_t slot_size;
  std::uint64_t slots;               // in a segment
  std::uint64_t capacity;            // in items
  std::uint64_t most_bytes;          // that wait outside of slots, 0: any number
  std::uint64_t holds_blocks;        // its items are BlockItems
  std::uint64_t hands;               // HandsState of a joinable one, else 0
  std::atomic<std::uint64_t> ended;  // shutdown() was called
  std::uint64_t item_type;           // type_tag of the items
  std::atomic<std::uint64_t> spare;  // emptied segments, linked by `next`; changed by transactions
  std::atomic<std::uint64_t> spares;
  // Putters.
  alignas(64) OwnedLock put_lock;
  std::atomic<std::uint64_t> tail;  // position of the next item
  std::atomic<std::uint64_t> tail_segment;
  std::uint64_t head_seen;               // head was here at least; only a saving
  std::atomic<std::uint64_t> bytes_put;  // up to the last item, about: killed processes count wrong
  // Getters.
  alignas(64) OwnedLock get_lock;
  std::atomic<std::uint64_t> head;  // position of the oldest item
  std::atomic<std::uint64_t> head_segment;
  std::atomic<std::uint64_t> counter;       // goes up with the head just now, 0: none does
  std::atomic<std::uint64_t> counted;       // to this, if
  std::atomic<std::uint64_t> counted_head;  // the head has come here
  std::atomic<std::uint64_t> bytes_got;     // bytes_put as it was with the last item taken
  // Sleepers.
  alignas(64) CallingSignal items;  // getters wait for an item
  alignas(64) CallingSignal room;   // putters wait for room
};

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

/// What the owner words of a queue's segments and of its items' blocks say.
std::uint64_t owner_of_segment(const QueueState& state) noexcept;
std::uint64_t owner_of_item(const QueueState& state, std::uint64_t position) noexcept;

/// The block of the item in a slot, if that is where the item at `position` lies; else 0.
Offset block_in(const QueueState& state, Slot& slot, std::uint64_t position) noexcept;
/// Frees it.
void drop_item(const QueueState& state, Slot& slot, std::uint64_t position) noexcept;

/// Frees the items and segments. It may run again after a kill in its middle.
void free_parts(const QueueState& state) noexcept;

}  // namespace multiprocess::detail
