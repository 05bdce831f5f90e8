// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/step.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

namespace step = multiprocess::detail::step;

namespace {

TEST(Step, Stores) {
  std::atomic<std::uint64_t> word{1};
  step::store(word, 2);
  EXPECT_EQ(word.load(), 2U);
}

TEST(Step, ComparesAndSwaps) {
  std::atomic<std::uint64_t> word{1};
  std::uint64_t expected = 7;
  EXPECT_FALSE(step::cas(word, expected, 2));
  EXPECT_EQ(expected, 1U) << "says what is there";
  EXPECT_TRUE(step::cas(word, expected, 2));
  EXPECT_EQ(word.load(), 2U);
}

TEST(Step, ExchangesAndAddsWithTheOldValueAsTheResult) {
  std::atomic<std::uint32_t> word{1};
  EXPECT_EQ(step::exchange(word, 5), 1U);
  EXPECT_EQ(step::add(word, 2), 5U);
  EXPECT_EQ(step::add(word, ~0u), 7U);
  EXPECT_EQ(word.load(), 6U);
}

TEST(Step, ASiteIsWhereTheCallStands) {
  constexpr step::Site here = step::Site::current();
  EXPECT_TRUE(std::string_view(here.file_name()).ends_with("step_test.cpp"));
  EXPECT_EQ(here.line(), __LINE__ - 2U);
}

}  // namespace
