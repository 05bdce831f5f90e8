// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/entries.hpp>

#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace multiprocess::detail {
namespace {

struct Entry {
  std::atomic<std::uint64_t> number;
};
using Block = EntryBlock<Entry, 2>;

class EntriesTest : public testing::Test {
 protected:
  ~EntriesTest() override { free_entries(*first_, owner_); }

  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> all;
    for_each_entry(*first_, [&all](const Entry& entry) { all.push_back(entry.number); });
    return all;
  }

  test::InArena<Block> first_;
  const std::uint64_t owner_ = owner::part_of(offset_of(&*first_), 1);
};

TEST_F(EntriesTest, BecomeMoreAndStayWhereTheyAre) {
  first_->entries[1].number = 7;
  const Entry* const seventh = &first_->entries[1];
  add_entries(*first_, owner_);
  add_entries(*first_, owner_);
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{0, 7, 0, 0, 0, 0}));
  EXPECT_EQ(find_entry(*first_, [](const Entry& entry) { return entry.number == 7; }), seventh);
}

TEST_F(EntriesTest, AreFoundInOrder) {
  add_entries(*first_, owner_);
  std::uint64_t next = 0;
  for_each_entry(*first_, [&next](Entry& entry) { entry.number = next++; });
  Entry* const third = find_entry(*first_, [](const Entry& entry) { return entry.number >= 2; });
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(third->number, 2U);
  EXPECT_EQ(find_entry(*first_, [](const Entry& entry) { return entry.number > 3; }), nullptr);
}

TEST_F(EntriesTest, AreFreedButForTheFirst) {
  const auto before = test::use_now();
  for (int i = 0; i < 3; ++i) {
    add_entries(*first_, owner_);
  }
  EXPECT_EQ(test::use_now().parts, before.parts + 3);
  free_entries(*first_, owner_ + 1);
  EXPECT_EQ(test::use_now().parts, before.parts + 3) << "those are of another object";
  free_entries(*first_, owner_);
  EXPECT_EQ(test::use_now(), before);
  free_entries(*first_, owner_);
  EXPECT_EQ(test::use_now(), before) << "once more does no harm";
}

}  // namespace
}  // namespace multiprocess::detail
