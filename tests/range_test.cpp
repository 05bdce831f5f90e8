// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/range.hpp>

#include <multiprocess/error.hpp>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <numeric>
#include <ranges>
#include <vector>

namespace mp = multiprocess;
using Numbers = std::vector<int>;

namespace {

static_assert(std::ranges::random_access_range<mp::Range<int>>);
static_assert(std::ranges::sized_range<mp::Range<std::size_t>>);
static_assert(std::ranges::common_range<mp::Range<short>>);
static_assert(std::same_as<decltype(mp::range(5))::value_type, int>);
static_assert(std::same_as<decltype(mp::range(std::size_t{5}))::value_type, std::size_t>);
static_assert(std::same_as<decltype(mp::range(0, std::size_t{5}))::value_type, std::ptrdiff_t>);

template <class R>
std::vector<typename R::value_type> list(const R& range) {
  return {range.begin(), range.end()};
}

TEST(Range, CountsAsPythonDoes) {
  EXPECT_EQ(list(mp::range(4)), (Numbers{0, 1, 2, 3}));
  EXPECT_EQ(list(mp::range(2, 5)), (Numbers{2, 3, 4}));
  EXPECT_EQ(list(mp::range(0, 10, 3)), (Numbers{0, 3, 6, 9}));
  EXPECT_EQ(list(mp::range(0, 9, 3)), (Numbers{0, 3, 6}));
  EXPECT_EQ(list(mp::range(5, 0, -2)), (Numbers{5, 3, 1}));
  EXPECT_EQ(list(mp::range(-2, 2)), (Numbers{-2, -1, 0, 1}));
  EXPECT_TRUE(list(mp::range(0)).empty());
  EXPECT_TRUE(list(mp::range(-3)).empty());
  EXPECT_TRUE(list(mp::range(1, 5, -1)).empty());
}

TEST(Range, CountsDownToZeroFromASize) {
  const std::vector<char> values(3);
  EXPECT_EQ(list(mp::range(values.size() - 1, -1, -1)), (std::vector<std::ptrdiff_t>{2, 1, 0}));
  EXPECT_EQ(list(mp::range(3U, 0U, -1)), (std::vector<unsigned>{3, 2, 1}));
}

TEST(Range, GoesToTheEndsOfItsType) {
  const auto all = mp::range(INT_MIN, INT_MAX);
  EXPECT_EQ(all.size(), std::ptrdiff_t{UINT_MAX});
  EXPECT_EQ(all[-1], INT_MAX - 1);
  EXPECT_EQ(mp::range(LONG_MIN, LONG_MAX, LONG_MAX).size(), 3);
  EXPECT_EQ(mp::range(LONG_MAX, LONG_MIN, LONG_MIN).size(), 2);
  EXPECT_EQ(list(mp::range(static_cast<signed char>(120), SCHAR_MAX)).size(), 7U);
}

TEST(Range, RefusesWhatItCannotCount) {
  EXPECT_THROW(mp::range(0, 1, 0), mp::ValueError);
  EXPECT_THROW(mp::range(LLONG_MIN, LLONG_MAX), mp::ValueError);
  EXPECT_THROW(mp::range(0, ULLONG_MAX), mp::ValueError);
}

TEST(Range, GivesItemsByIndex) {
  const auto range = mp::range(10, 20, 5);
  EXPECT_EQ(range[1], 15);
  EXPECT_EQ(range[-2], 10);
  EXPECT_THROW(range[2], mp::IndexError);
  EXPECT_THROW(range[-3], mp::IndexError);
}

TEST(Range, WorksWithAlgorithms) {
  const auto range = mp::range(1, 101);
  EXPECT_EQ(std::accumulate(range.begin(), range.end(), 0), 5050);
  EXPECT_EQ(*std::ranges::lower_bound(range, 42), 42);
  EXPECT_EQ(range.end() - range.begin(), range.size());
  EXPECT_EQ(*(range.end() - 1), 100);
  EXPECT_LT(range.begin(), range.end());
}

TEST(Range, ComparesTheNumbers) {
  EXPECT_EQ(mp::range(0, 10, 3), mp::range(0, 12, 3));
  EXPECT_EQ(mp::range(0), mp::range(5, 2));
  EXPECT_NE(mp::range(3), mp::range(4));
}

TEST(Range, PrintsAsPythonDoes) {
  EXPECT_EQ(fmt::format("{}", mp::range(5)), "range(0, 5)");
  EXPECT_EQ(fmt::format("{}", mp::range(5, 1, -2)), "range(5, 1, -2)");
}

}  // namespace
