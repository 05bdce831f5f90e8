// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>

#include <array>
#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

inline constexpr std::uint32_t run_orders = 21;  // 64 KiB to 64 GiB
inline constexpr std::uint32_t no_page = 0xffffff;

/// Start of the heap's area: the lists of free runs of 2^order pages and of slabs with free blocks.
/// Pages are numbered from 0; a list head of 0 is empty, else it is the page's number + 1.
struct HeapState {
  std::array<std::atomic<std::uint64_t>, run_orders> cold;  // without memory behind them
  std::array<std::atomic<std::uint64_t>, run_orders> warm;  // with memory: reused first
  std::array<std::atomic<std::uint64_t>, 32> slabs;         // by size class
  std::atomic<std::uint64_t> warm_bytes;
  std::atomic<std::uint64_t> unopened;  // pages from here on are in no list yet
  std::atomic<std::uint64_t> frontier;  // pages from here on were never used
};

inline HeapState& heap_state() {
  return *at<HeapState>(area::heap);
}
inline PageInfo& page_info(std::uint32_t page) {
  return at<PageInfo>(area::pages)[page];
}
inline Offset page_offset(std::uint32_t page) {
  return arena_header().first_page + std::uint64_t{page} * arena_page;
}
inline std::uint32_t page_of(Offset offset) {
  return static_cast<std::uint32_t>((offset - arena_header().first_page) / arena_page);
}

/// Smallest order whose run holds `size` bytes.
std::uint32_t order_for(std::size_t size);
std::uint32_t run_order(std::uint32_t page);

/// A run of 2^order pages, its owner word set to `owner`. std::bad_alloc when there is none.
std::uint32_t take_run(Transaction& change, std::uint32_t order, std::uint64_t owner);

/// Puts a run back: warm, while not too much is kept warm. `discard` says that its memory has been
/// given back to the system already.
void put_run(Transaction& change, std::uint32_t page, bool discarded);

/// True when this run should give its memory back before put_run().
bool keeps_too_much(std::uint32_t page);
/// False for a run that alone is too much.
bool may_be_kept(std::uint32_t page);

}  // namespace multiprocess::detail
