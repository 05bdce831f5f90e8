// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/participants.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace multiprocess::detail {

/// What the heap knows of one page of 64 KiB.
struct PageInfo {
  std::atomic<std::uint64_t> owner;      // owner word of the run that begins here, or a slab's mark
  std::atomic<std::uint64_t> link;       // state, order and neighbours in a list of free runs
  std::atomic<std::uint64_t> committed;  // bytes at the start of the run that are usable
};

/// Who a block belongs to is said by one word, its owner word; it changes with one store.
///
///   free      on a list of the heap
///   privately owned by a participant: freed when that one dies
///   object    counted references keep it; the count is in the word
///   part      of an object (a queue's segment or item), with a tag that the object chooses
namespace owner {

enum class Kind : std::uint64_t { free = 0, private_block = 1, object = 2, part = 3, slab = 4 };

inline constexpr std::uint64_t dying_flag = std::uint64_t{1}
                                            << 59;  // private: an object half freed
inline constexpr std::uint64_t message_flag = std::uint64_t{1}
                                              << 58;  // references stand at its start
inline constexpr std::uint64_t tag_mask = (std::uint64_t{1} << 28) - 1;

constexpr std::uint64_t of_kind(Kind kind) noexcept {
  return static_cast<std::uint64_t>(kind) << 60;
}
constexpr Kind kind(std::uint64_t word) noexcept {
  return static_cast<Kind>(word >> 60);
}

inline std::uint64_t private_to(Ticket who) noexcept {
  return of_kind(Kind::private_block) | std::uint64_t{who.slot} << 32 | who.generation;
}
inline Ticket holder(std::uint64_t word) noexcept {
  return {static_cast<std::uint32_t>(word >> 32) & 0x1fff, static_cast<std::uint32_t>(word)};
}

constexpr std::uint64_t object(std::uint32_t type, std::uint32_t references) noexcept {
  return of_kind(Kind::object) | std::uint64_t{type} << 32 | references;
}
constexpr std::uint32_t references(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word);
}
constexpr std::uint32_t type(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word >> 32) & 0xff;
}

/// A dying object's block is private to who ends it and still says its type.
inline std::uint64_t dying(Ticket who, std::uint32_t type) noexcept {
  return private_to(who) | dying_flag | std::uint64_t{type} << 46;
}
constexpr std::uint64_t dying_type(std::uint64_t word) noexcept {
  return word >> 46 & 0xff;
}

/// Objects begin at multiples of 64 in at most 2^36 bytes: 30 bits name one.
constexpr std::uint64_t part_of(Offset object, std::uint64_t tag) noexcept {
  return of_kind(Kind::part) | (object >> 6) << 28 | (tag & tag_mask);
}

}  // namespace owner

/// A new block of at least `size` bytes at a multiple of 64, private to this process, with old
/// contents. std::bad_alloc when memory is short, ValueError when no block can be that large.
Offset allocate(std::size_t size);

/// Frees a block that is private to this process. Blocks are kept for reuse first.
void deallocate(Offset block) noexcept;

std::atomic<std::uint64_t>& owner_word(Offset block);

/// What the owner word says of a place that was a block once; 0 where none begins now.
std::uint64_t owner_of_former(Offset block) noexcept;

/// Bytes that the block really has.
std::size_t block_size(Offset block);

/// The blocks whose owner word is one that `wanted` accepts.
std::vector<Offset> find_blocks(bool (*wanted)(std::uint64_t owner, const void* context),
                                const void* context);

/// Frees a block whatever its owner word says; for repairs and for the end of objects.
void reclaim(Offset block) noexcept;

/// Gives the blocks that this process keeps for reuse back to the heap.
void return_magazines() noexcept;

/// For tests and diagnostics.
struct HeapUse {
  std::uint64_t private_blocks = 0;
  std::uint64_t objects = 0;
  std::uint64_t parts = 0;
  std::uint64_t bytes = 0;  // in blocks that are in use
};
HeapUse heap_use();

}  // namespace multiprocess::detail
