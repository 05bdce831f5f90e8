// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/page_runs.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/full_arena.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

// In the smallest arena there is: what is kept for reuse, by whomever, is in nobody's way.

namespace multiprocess::test {
namespace {

const bool arena_is_small = setenv("MULTIPROCESS_RESERVE", "16777216", 1) == 0;

using Bytes = std::vector<std::byte>;
using detail::Offset;

class KeptMemory : public testing::Test {
 protected:
  KeptMemory() { detail::this_participant(); }  // before there are children: one arena for all
  ~KeptMemory() override { notice_deaths(); }
};

TEST_F(KeptMemory, WhereEverySizeWasUsedOnceTheLargestBlockFits) {
  constexpr std::size_t largest = std::size_t{8} << 20;
  for (std::size_t size = 64; size < largest; size += size / 2) {
    detail::deallocate(detail::allocate(size));
  }
  detail::deallocate(detail::allocate(largest));
}

TEST_F(KeptMemory, WhatWasFreedLastIsKeptForTheNext) {
  constexpr std::size_t large = 2'000'000;
  free_all(blocks_until_full(60'000));
  const auto& kept = detail::heap_state().warm[detail::order_for(large)];
  EXPECT_EQ(kept.load(), 0) << "as much as may be kept lies in small runs";
  detail::deallocate(detail::allocate(large));
  EXPECT_NE(kept.load(), 0);
}

/// Uses all memory and frees it: first blocks that lie far apart, since a process keeps the first
/// ones of a size.
void keep_a_little_everywhere() {
  std::vector<Offset> blocks = blocks_until_full(30'000);
  for (std::size_t i = 0; i < blocks.size(); i += 21) {
    detail::deallocate(blocks[i]);
    blocks[i] = 0;
  }
  std::erase(blocks, Offset{0});
  free_all(blocks);
}

std::size_t count_large_items(const Queue<Bytes>& queue) {
  std::size_t items = 0;
  try {
    while (true) {
      queue.put(Bytes(1'000'000));
      ++items;
    }
  } catch (const std::bad_alloc&) {
  }
  for (std::size_t i = 0; i < items; ++i) {
    queue.get();
  }
  return items;
}

TEST_F(KeptMemory, WhatASleepingProcessKeepsIsThereForALargeItem) {
  const Queue<Bytes> queue;
  const std::size_t most = count_large_items(queue);
  EXPECT_GE(most, 8);
  Gate kept;
  const Child keeper([&] {
    keep_a_little_everywhere();
    kept.open();
    wait_to_be_killed();
  });
  kept.wait();
  EXPECT_EQ(count_large_items(queue), most);
}

TEST_F(KeptMemory, TheLastBlockIsTheOneThatAnotherProcessKeeps) {
  Gate has_a_slab, memory_is_full, kept;
  const Child keeper([&] {
    std::vector<Offset> blocks;
    for (int i = 0; i < 5; ++i) {
      blocks.push_back(detail::allocate(20'000));
    }
    has_a_slab.open();
    memory_is_full.wait();
    detail::deallocate(blocks[2]);
    kept.open();
    wait_to_be_killed();
  });
  has_a_slab.wait();
  const std::vector<Offset> pages = blocks_until_full(60'000);
  const std::vector<Offset> blocks = blocks_until_full(20'000);
  memory_is_full.open();
  kept.wait();
  const std::vector<Offset> last = blocks_until_full(20'000);
  EXPECT_EQ(last.size(), 1);
  for (const auto& each : {pages, blocks, last}) {
    free_all(each);
  }
}

/// Allocates and frees, and looks whether each block is still its own.
void use_many_blocks(std::uint64_t who) {
  constexpr std::size_t in_use = 40;
  constexpr std::uint64_t rounds = 100'000;
  const std::size_t sizes[] = {100, 900, 8'000, 24'000};
  std::vector<std::pair<Offset, std::uint64_t>> blocks;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const std::uint64_t mark = who << 32 | i;
    blocks.emplace_back(detail::allocate(sizes[i % 4]), mark);
    detail::at<std::uint64_t>(blocks.back().first)[1] = mark;
    if (blocks.size() == in_use) {
      const auto [oldest, expected] = blocks.front();
      require(detail::at<std::uint64_t>(oldest)[1] == expected);
      detail::deallocate(oldest);
      blocks.erase(blocks.begin());
    }
  }
}

TEST_F(KeptMemory, WhatIsTakenFromOneWhoGoesOnIsNotThereTwice) {
  Gate is_short;
  const Child always_short([&] {
    const std::vector<Offset> all = blocks_until_full(std::size_t{2} << 20);
    is_short.open();
    while (true) {
      free_all(blocks_until_full(std::size_t{2} << 20));
    }
  });
  is_short.wait();
  Child first([] { use_many_blocks(1); });
  Child second([] { use_many_blocks(2); });
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
}

}  // namespace
}  // namespace multiprocess::test
