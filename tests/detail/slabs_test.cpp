// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/slabs.hpp>

#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace multiprocess::detail {
namespace {

std::uint64_t mine() {
  return owner::private_to(this_participant());
}

TEST(Slabs, EverySizeHasAClass) {
  EXPECT_EQ(class_size(class_for(0)), 64U);
  for (std::size_t size = 1; size <= largest_class_size; ++size) {
    const std::size_t fits = class_for(size);
    ASSERT_GE(class_size(fits), size);
    ASSERT_TRUE(fits == 0 || class_size(fits - 1) < size) << "the smallest that fits";
    ASSERT_EQ(class_size(fits) % 64, 0U);
  }
}

TEST(Slabs, AMarkSaysClassAndBeginning) {
  for (std::size_t size_class = 0; size_class < heap_classes; ++size_class) {
    for (const std::uint32_t back : {0U, 3U}) {
      const std::uint64_t mark = slab_mark(size_class, back);
      EXPECT_EQ(owner::kind(mark), owner::Kind::slab);
      EXPECT_EQ(slab_class(mark), size_class);
      EXPECT_EQ(slab_back(mark), back);
    }
  }
}

/// A new slab of the class, and the run that it is made of.
std::uint32_t make_slab(std::size_t size_class) {
  const std::uint32_t order = slab_order(size_class);
  std::uint32_t page = no_page;
  {
    Transaction change;
    page = take_run(change, order, mine());
  }
  commit_arena(page_offset(page), arena_page << order);
  page_info(page).committed = arena_page << order;
  format_slab(page, size_class);
  Transaction change;
  publish_slab(change, page, size_class);
  return page;
}

Offset take(std::size_t size_class) {
  Transaction change;
  return take_block(change, size_class, mine());
}

std::uint32_t put(Offset block) {
  Transaction change;
  return put_block(change, block, mine());
}

std::vector<Offset> take_all(std::size_t size_class) {
  std::vector<Offset> blocks;
  while (const Offset block = take(size_class)) {
    blocks.push_back(block);
  }
  return blocks;
}

class SlabsOf : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Class, SlabsOf, testing::Values(0, 3, 9, 11, 12, heap_classes - 1));

TEST_P(SlabsOf, BlocksLieInTheirRunAndApart) {
  const std::size_t size_class = GetParam();
  const std::vector<Offset> others = take_all(size_class);
  const std::uint32_t page = make_slab(size_class);
  std::vector<Offset> blocks = take_all(size_class);
  const std::size_t bytes = arena_page << slab_order(size_class);
  EXPECT_GE((blocks.size() + 1) * class_size(size_class), bytes * 7 / 8) << "little is lost";
  std::sort(blocks.begin(), blocks.end());
  Offset end = page_offset(page);
  for (const Offset block : blocks) {
    EXPECT_EQ(block % 64, 0U);
    EXPECT_GE(block, end);
    end = block + class_size(size_class);
    const std::uint64_t mark = page_info(page_of(block)).owner.load();
    EXPECT_TRUE(is_slab_block(block, mark));
    EXPECT_FALSE(is_slab_block(block + 8, mark));
    EXPECT_EQ(slab_owner_word(block, mark).load(), mine());
  }
  EXPECT_LE(end, page_offset(page) + bytes);
  for (const Offset block : blocks) {
    EXPECT_EQ(put(block), no_page) << "the only slab stays one";
  }
  std::for_each(others.begin(), others.end(), &put);
}

TEST_P(SlabsOf, ASpareSlabBecomesARunAgain) {
  const std::size_t size_class = GetParam();
  std::vector<Offset> others = take_all(size_class);
  if (others.empty()) {
    make_slab(size_class);
    others = take_all(size_class);
  }
  const std::uint32_t page = make_slab(size_class);
  const std::vector<Offset> blocks = take_all(size_class);
  EXPECT_EQ(put(others.back()), no_page);
  std::uint32_t emptied = no_page;
  for (const Offset block : blocks) {
    EXPECT_EQ(emptied, no_page);
    emptied = put(block);
  }
  EXPECT_EQ(emptied, page);
  EXPECT_EQ(page_info(page).owner.load(), mine());
  deallocate(page_offset(page));
  others.pop_back();
  std::for_each(others.begin(), others.end(), &put);
}

TEST_P(SlabsOf, TheLastEmptySlabCanBeTaken) {
  const std::size_t size_class = GetParam();
  const auto take_empty = [size_class] {
    Transaction change;
    return take_empty_slab(change, size_class, mine());
  };
  const std::vector<Offset> others = take_all(size_class);
  const std::uint32_t page = make_slab(size_class);
  const Offset block = take(size_class);
  EXPECT_EQ(take_empty(), no_page) << "a block is in use";
  EXPECT_EQ(put(block), no_page);
  EXPECT_EQ(take_empty(), page);
  EXPECT_EQ(page_info(page).owner.load(), mine());
  EXPECT_EQ(take_empty(), no_page);
  EXPECT_EQ(take(size_class), 0U);
  deallocate(page_offset(page));
  std::for_each(others.begin(), others.end(), &put);
}

TEST(Slabs, FindsBlocksByTheirOwners) {
  const std::size_t size_class = class_for(2000);
  const std::uint32_t page = make_slab(size_class);
  std::set<Offset> marked;
  const std::uint64_t owner = owner::part_of(640, 5);
  {
    Transaction change;
    for (int i = 0; i < 3; ++i) {
      take_block(change, size_class, mine());
      marked.insert(take_block(change, size_class, owner));
    }
  }
  std::vector<Offset> found;
  find_in_slab(
      page, page_info(page).owner.load(),
      [](std::uint64_t word, const void* wanted) {
        return word == *static_cast<const std::uint64_t*>(wanted);
      },
      &owner, found);
  EXPECT_EQ(std::set<Offset>(found.begin(), found.end()), marked);
}

}  // namespace
}  // namespace multiprocess::detail
