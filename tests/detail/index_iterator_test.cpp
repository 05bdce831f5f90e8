// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/index_iterator.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace multiprocess::detail {
namespace {

struct Squares {
  using Iterator = apart::IndexIterator<Squares, std::ptrdiff_t, std::ptrdiff_t>;

  std::ptrdiff_t operator[](std::ptrdiff_t index) const { return index * index; }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, 4}; }
};
static_assert(std::input_iterator<Squares::Iterator>);

TEST(IndexIterator, GivesWhatTheSequenceGivesByIndex) {
  const Squares squares;
  EXPECT_EQ(std::vector<std::ptrdiff_t>(squares.begin(), squares.end()),
            (std::vector<std::ptrdiff_t>{0, 1, 4, 9}));
  EXPECT_EQ(std::ranges::count(squares, 4), 1);
}

TEST(IndexIterator, StaysWhereItWasWhenACopyGoesOn) {
  const Squares squares;
  auto here = ++squares.begin();
  const auto before = here++;
  EXPECT_EQ(*before, 1);
  EXPECT_EQ(*here, 4);
  EXPECT_NE(before, here);
}

}  // namespace
}  // namespace multiprocess::detail
