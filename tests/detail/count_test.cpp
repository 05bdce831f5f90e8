// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/count.hpp>

#include <multiprocess/error.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace {

using multiprocess::detail::Count;
using multiprocess::detail::count;
using multiprocess::detail::Index;

TEST(CountTest, TakesAnyInteger) {
  EXPECT_EQ(count(5), 5);
  EXPECT_EQ(count(-5), -5);
  EXPECT_EQ(count(short{7}), 7);
  EXPECT_EQ(count(std::uint8_t{255}), 255);
  EXPECT_EQ(count(sizeof(int)), 4);
  EXPECT_EQ(count(std::numeric_limits<std::int64_t>::min()), PTRDIFF_MIN);
  EXPECT_EQ(count(std::uint64_t{PTRDIFF_MAX}), PTRDIFF_MAX);
  static_assert(count(3U) == 3);
}

TEST(CountTest, RefusesWhatNoCountCanBe) {
  EXPECT_THROW(count(~std::uint64_t{0}), multiprocess::ValueError);
  EXPECT_THROW(count(std::uint64_t{PTRDIFF_MAX} + 1), multiprocess::ValueError);
}

TEST(CountTest, IsNeitherATruthValueNorAFraction) {
  static_assert(Count<int> && Count<unsigned long long> && Count<char>);
  static_assert(!Count<bool> && !Count<double> && !Count<void*>);
}

TEST(IndexTest, TakesAnyIntegerAndWhatStandsForOne) {
  enum Place { first, second };
  struct Proxy {
    operator int() const { return 3; }
  };
  EXPECT_EQ(Index(-1), -1);
  EXPECT_EQ(Index(sizeof(int)), 4);
  EXPECT_EQ(Index(second), 1);
  EXPECT_EQ(Index(Proxy()), 3);
  static_assert(!std::is_constructible_v<Index, double> && !std::is_constructible_v<Index, bool> &&
                !std::is_constructible_v<Index, const char*>);
}

TEST(IndexTest, WhatNoPlaceCanBeIsPastTheEnd) {
  EXPECT_EQ(Index(~std::uint64_t{0}), PTRDIFF_MAX);
}

}  // namespace
