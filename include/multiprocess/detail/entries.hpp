// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace multiprocess::detail {

/// So many entries, as a rule one for each process that uses an object. The object has a chain of
/// such blocks, the first within itself; they only become more, and an entry never moves.
template <class Entry, std::size_t count>
struct EntryBlock {
  static constexpr std::size_t most = count;
  alignas(64) std::atomic<std::uint64_t> next;
  std::array<Entry, count> entries;
};

/// The first entry that `wanted` accepts, else null.
template <class Block, class Wanted>
auto* find_entry(Block& first, Wanted wanted) {
  for (Block* block = &first;;) {
    const auto found = std::find_if(block->entries.begin(), block->entries.end(), wanted);
    if (found != block->entries.end()) {
      return &*found;
    }
    const Offset next = block->next.load(std::memory_order_acquire);
    if (next == 0) {
      return static_cast<decltype(&*found)>(nullptr);
    }
    block = at<Block>(next);
  }
}

template <class Block, class Use>
void for_each_entry(Block& first, Use use) {
  find_entry(first, [&use](auto& entry) {
    use(entry);
    return false;
  });
}

/// One more block of empty entries, a part of the object as `owner` says. Under a lock of the
/// object's. Throws std::bad_alloc when shared memory is short.
template <class Block>
void add_entries(Block& first, std::uint64_t owner) {
  const Offset fresh = allocate(sizeof(Block));
  new (at<Block>(fresh)) Block{};
  Block* last = &first;
  while (const Offset next = last->next.load(std::memory_order_acquire)) {
    last = at<Block>(next);
  }
  Transaction change;
  change.write(owner_word(fresh), owner);
  change.write(last->next, fresh);
}

/// Frees all blocks but the first, at the end of the object.
template <class Block>
void free_entries(Block& first, std::uint64_t owner) noexcept {
  std::vector<Offset> blocks;
  Offset next = first.next.load(std::memory_order_acquire);
  while (next != 0 && owner_of_former(next) == owner) {
    blocks.push_back(next);
    next = at<Block>(next)->next.load(std::memory_order_acquire);
  }
  // From the far end: should this be cut short, the chain still leads to what is left.
  for (; !blocks.empty(); blocks.pop_back()) {
    reclaim(blocks.back());
  }
}

}  // namespace multiprocess::detail
