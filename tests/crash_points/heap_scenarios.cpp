// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/play.hpp"
#include "support/full_arena.hpp"

#include <algorithm>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/page_runs.hpp>

#include <gtest/gtest.h>

#include <set>

namespace multiprocess::test {

namespace {

using detail::Offset;

/// The heap remembers how far it was ever used; here as far as it is used now.
void forget_former_use() {
  std::uint64_t used = 0;
  for (std::uint32_t page = 0; page < detail::arena_header().page_count; ++page) {
    if (detail::page_info(page).owner.load() != 0) {
      used = page + 1;
    }
  }
  detail::heap_state().frontier.store(used);
}

/// With the small arena of this test little is kept for reuse, and memory runs out soon.
void use_large_blocks() {
  forget_former_use();
  std::vector<Offset> blocks = blocks_until_full(std::size_t{3} << 20);
  for (int freed = 0; freed < 3; ++freed) {
    detail::deallocate(blocks.back());
    blocks.pop_back();
  }
  // Only what is kept in the smaller size can make room for these.
  for (const Offset block : blocks_until_full(std::size_t{6} << 20)) {
    blocks.push_back(block);
  }
  free_all(blocks);
}

/// Finds what the survivor keeps for itself, when there is nothing else.
void take_what_others_keep() {
  free_all(blocks_until_full(std::size_t{8} << 20));
}

class HeapPlay final : public Play {
 public:
  explicit HeapPlay(void (*plays)()) : plays_(plays) {}

  void provide() override {
    for (const std::size_t size : sizes) {
      free_all(some_blocks(size));
    }
  }
  void victim() override { plays_(); }
  void next_victim() override {}
  void check() override {
    std::vector<Offset> blocks;
    for (const std::size_t size : sizes) {
      for (const Offset block : some_blocks(size)) {
        blocks.push_back(block);
      }
    }
    EXPECT_EQ(std::set<Offset>(blocks.begin(), blocks.end()).size(), blocks.size())
        << "a block was there twice";
    free_all(blocks);
  }

 private:
  static constexpr std::size_t sizes[] = {100, 3'000, 20'000};

  static std::vector<Offset> some_blocks(std::size_t size) {
    std::vector<Offset> blocks(30);
    std::generate(blocks.begin(), blocks.end(), [size] { return detail::allocate(size); });
    return blocks;
  }

  void (*plays_)();
};

Scenario scenario(const char* name, void (*victim)(), std::vector<std::string> first = {}) {
  return {name, [=] { return std::make_unique<HeapPlay>(victim); }, std::move(first)};
}

}  // namespace

std::vector<Scenario> heap_scenarios() {
  return {
      scenario("large blocks", &use_large_blocks),
      scenario("blocks that others keep", &take_what_others_keep),
      scenario("take over what others keep", &take_what_others_keep,
               {"magazines.hpp", "slabs.cpp", "journal.cpp"}),
  };
}

}  // namespace multiprocess::test
