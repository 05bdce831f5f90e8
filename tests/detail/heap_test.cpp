// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/heap.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::use_now;

TEST(OwnerWord, SaysWhoseABlockIs) {
  const Ticket who{4096, 0xfffffffe};
  const std::uint64_t mine = owner::private_to(who);
  EXPECT_EQ(owner::kind(mine), owner::Kind::private_block);
  EXPECT_EQ(owner::holder(mine), who);
  for (const std::uint64_t flags : {owner::dying_flag, owner::message_flag}) {
    EXPECT_EQ(owner::kind(mine | flags), owner::Kind::private_block);
    EXPECT_EQ(owner::holder(mine | flags), who);
  }
}

TEST(OwnerWord, CountsReferences) {
  const std::uint64_t word = owner::object(255, 0xffffffff);
  EXPECT_EQ(owner::kind(word), owner::Kind::object);
  EXPECT_EQ(owner::type(word), 255U);
  EXPECT_EQ(owner::references(word), 0xffffffff);
}

TEST(OwnerWord, NamesTheObjectOfAPart) {
  const Offset last = (Offset{1} << 36) - 64;
  const std::uint64_t word = owner::part_of(last, owner::tag_mask);
  EXPECT_EQ(owner::kind(word), owner::Kind::part);
  EXPECT_NE(word, owner::part_of(last - 64, owner::tag_mask));
  EXPECT_NE(word, owner::part_of(last, owner::tag_mask - 1));
  EXPECT_EQ(owner::kind(word | owner::message_flag), owner::Kind::part);
}

TEST(Heap, BlocksAreLargeEnoughAndAligned) {
  std::vector<Offset> blocks;
  for (const std::size_t size :
       {0U, 1U, 64U, 65U, 1000U, 4096U, 4097U, 32'768U, 32'769U, 65'536U, 65'537U, 3'000'000U}) {
    const Offset block = allocate(size);
    EXPECT_EQ(block % 64, 0U);
    EXPECT_GE(block_size(block), size);
    std::memset(at<std::byte>(block), 0xff, size);
    blocks.push_back(block);
  }
  std::for_each(blocks.begin(), blocks.end(), &deallocate);
}

TEST(Heap, ABlockIsPrivateAtFirst) {
  for (const std::size_t size : {10U, 100'000U}) {
    const Offset block = allocate(size);
    EXPECT_EQ(owner_word(block).load(), owner::private_to(this_participant()));
    deallocate(block);
  }
}

TEST(Heap, BlocksDoNotOverlap) {
  std::mt19937 random(7);
  struct Block {
    Offset offset;
    std::size_t size;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  const auto free_one = [&](std::size_t index) {
    const Block block = blocks[index];
    const auto* const bytes = at<unsigned char>(block.offset);
    ASSERT_TRUE(std::all_of(bytes, bytes + block.size,
                            [&block](unsigned char byte) { return byte == block.mark; }));
    deallocate(block.offset);
    blocks[index] = blocks.back();
    blocks.pop_back();
  };
  for (int i = 0; i < 4000; ++i) {
    const std::size_t size = std::size_t{1} << random() % 19;
    blocks.push_back({allocate(size), size, static_cast<unsigned char>(i)});
    std::memset(at<std::byte>(blocks.back().offset), i & 0xff, size);
    while (blocks.size() > 300) {
      free_one(random() % blocks.size());
    }
  }
  while (!blocks.empty()) {
    free_one(0);
  }
}

TEST(Heap, BlocksAreUsedAgain) {
  for (const std::size_t size : {10U, 5000U, 100'000U}) {
    const Offset first = allocate(size);
    deallocate(first);
    EXPECT_EQ(allocate(size), first);
    deallocate(first);
  }
}

TEST(Heap, CountsWhatIsInUse) {
  const auto before = use_now();
  const Offset small = allocate(10);
  const Offset large = allocate(1'000'000);
  EXPECT_EQ(use_now().private_blocks, before.private_blocks + 2);
  EXPECT_GE(heap_use().bytes, 1'000'010U);
  owner_word(small) = owner::object(0, 1);
  owner_word(large) = owner::part_of(small, 1);
  EXPECT_EQ(use_now().objects, before.objects + 1);
  EXPECT_EQ(use_now().parts, before.parts + 1);
  reclaim(small);
  reclaim(large);
  EXPECT_EQ(use_now(), before);
}

TEST(Heap, FindsBlocksByTheirOwners) {
  const std::uint64_t mark = owner::part_of(640, 77);
  std::set<Offset> marked;
  for (const std::size_t size : {10U, 20'000U, 50'000U, 1'000'000U}) {
    marked.insert(allocate(size));
    owner_word(*marked.rbegin()) = mark;
  }
  for (const Offset block : marked) {
    owner_word(block) = mark;
  }
  const auto found = find_blocks(
      [](std::uint64_t word, const void* wanted) {
        return word == *static_cast<const std::uint64_t*>(wanted);
      },
      &mark);
  EXPECT_EQ(std::set<Offset>(found.begin(), found.end()), marked);
  std::for_each(found.begin(), found.end(), &reclaim);
}

TEST(Heap, NoBlockIsLargerThanTheArena) {
  EXPECT_THROW(allocate(std::size_t{1} << 37), ValueError);
  EXPECT_THROW(allocate(~std::size_t{0}), ValueError);
  EXPECT_THROW(allocate(~std::size_t{0} - 70'000), ValueError);
}

TEST(Heap, ADeadProcessGivesItsBlocksBack) {
  const auto before = use_now();
  test::run_and_die([] {
    for (int i = 0; i < 100; ++i) {
      allocate(static_cast<std::size_t>(i) * 1000);
    }
  });
  EXPECT_GE(heap_use().private_blocks, before.private_blocks + 100);
  test::notice_deaths();
  EXPECT_EQ(use_now(), before);
}

TEST(Heap, MagazinesGoBackWhenToldSo) {
  std::vector<Offset> blocks;
  for (int i = 0; i < 100; ++i) {
    blocks.push_back(allocate(64));
  }
  std::for_each(blocks.begin(), blocks.end(), &deallocate);
  EXPECT_GT(heap_use().private_blocks, 0U) << "kept for reuse";
  return_magazines();
  const auto mine = find_blocks(
      [](std::uint64_t word, const void*) {
        return owner::kind(word) == owner::Kind::private_block &&
               owner::holder(word) == this_participant();
      },
      nullptr);
  for (const Offset block : mine) {
    EXPECT_EQ(std::count(blocks.begin(), blocks.end(), block), 0);
  }
}

void allocate_at_random(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::pair<Offset, std::uint64_t>> blocks;
  for (int i = 0; i < 3000; ++i) {
    const Offset block = allocate(8 + (std::size_t{1} << random() % 17));
    const std::uint64_t mark = std::uint64_t{seed} << 32 | static_cast<std::uint64_t>(i);
    *at<std::uint64_t>(block) = mark;
    blocks.emplace_back(block, mark);
    if (blocks.size() > 100) {
      std::swap(blocks[random() % 100], blocks.back());
      ASSERT_EQ(*at<std::uint64_t>(blocks.back().first), blocks.back().second);
      deallocate(blocks.back().first);
      blocks.pop_back();
    }
  }
  for (const auto& [block, mark] : blocks) {
    ASSERT_EQ(*at<std::uint64_t>(block), mark);
    deallocate(block);
  }
}

TEST(Heap, ThreadsShareIt) {
  const auto before = use_now();
  test::in_threads(4, [](int number) { allocate_at_random(static_cast<unsigned>(number)); });
  EXPECT_EQ(use_now(), before);
}

TEST(Heap, ProcessesShareIt) {
  const auto before = use_now();
  test::Child first([] { allocate_at_random(11); });
  test::Child second([] { allocate_at_random(12); });
  allocate_at_random(13);
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  test::notice_deaths();
  EXPECT_EQ(use_now(), before);
}

TEST(Heap, ThreadsFreeWhatOthersAllocated) {
  const auto before = use_now();
  std::vector<std::vector<Offset>> blocks(4);
  test::in_threads(4, [&](int number) {
    for (int i = 0; i < 500; ++i) {
      blocks[static_cast<std::size_t>(number)].push_back(
          allocate(static_cast<std::size_t>(i * 40)));
    }
  });
  test::in_threads(4, [&](int number) {
    auto& theirs = blocks[static_cast<std::size_t>(3 - number)];
    std::for_each(theirs.begin(), theirs.end(), &deallocate);
  });
  EXPECT_EQ(use_now(), before);
}

}  // namespace
}  // namespace multiprocess::detail
