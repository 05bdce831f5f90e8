// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/raw_array.hpp>

#include <multiprocess/connection.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <list>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::require;

namespace {

struct Point {
  int x;
  double y;
};

static_assert(std::ranges::contiguous_range<mp::RawArray<int>>);
static_assert(std::is_convertible_v<const mp::RawArray<int>&, std::span<int>>);
static_assert(!std::is_convertible_v<int, mp::RawArray<int>>);
static_assert(mp::sendable<mp::RawArray<Point>>);

template <class T>
std::vector<T> items_of(const mp::RawArray<T>& array) {
  return std::vector<T>(array.begin(), array.end());
}

TEST(RawArray, IsZeroAtFirstAlsoInMemoryThatWasUsed) {
  for (int i = 0; i < 50; ++i) {
    const mp::RawArray<int> array(1000);
    EXPECT_TRUE(std::ranges::all_of(array, [](int item) { return item == 0; }));
    std::ranges::fill(array, -1);
  }
}

TEST(RawArray, IsMadeOfASizeAListOrARange) {
  EXPECT_EQ(mp::RawArray<int>(3).size(), 3);
  EXPECT_EQ(mp::RawArray<int>(0).size(), 0);
  EXPECT_EQ(mp::RawArray<int>(std::size_t{3}).size(), 3);
  EXPECT_EQ(items_of(mp::RawArray{1, 2, 3}), (std::vector{1, 2, 3}));
  EXPECT_EQ(items_of(mp::RawArray(std::vector{1.5, 2.5})), (std::vector{1.5, 2.5}));
  EXPECT_EQ(items_of(mp::RawArray<double>(std::list{1, 2})), (std::vector{1.0, 2.0}));
  EXPECT_EQ(items_of(mp::RawArray<int>(mp::range(3))), (std::vector{0, 1, 2}));
  EXPECT_EQ(items_of(mp::RawArray<bool>(std::vector{true, false})), (std::vector{true, false}));
  EXPECT_EQ(mp::RawArray<char>("hello").size(), 5);
  EXPECT_EQ(mp::RawArray<char>(std::string("a\0b", 3)).size(), 3);
}

TEST(RawArray, RefusesSizesThatCannotBe) {
  EXPECT_THROW(mp::RawArray<int>(-1), mp::ValueError);
  EXPECT_THROW(mp::RawArray<int>(std::numeric_limits<std::ptrdiff_t>::max() / 2), mp::ValueError);
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  EXPECT_THROW((void)mp::RawArray<char>(most), mp::ValueError);
  EXPECT_THROW(mp::RawArray<int>(std::vector{std::int64_t{1} << 40}), mp::ValueError);
}

TEST(RawArray, ItemsAreReadAndWrittenInPlace) {
  const mp::RawArray<Point> array(3);
  array[1] = {4, 5.0};
  array.at(-1).x = 6;
  EXPECT_EQ(array.data()[1].y, 5.0);
  EXPECT_EQ(array.get_obj().back().x, 6);
  const mp::RawArray<int> numbers(10);
  std::iota(numbers.begin(), numbers.end(), 1);
  EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0), 55);
  const std::span<int> span = numbers;
  span[0] = 100;
  EXPECT_EQ(numbers[0], 100);
}

TEST(RawArray, AtChecksTheBounds) {
  const mp::RawArray<int> array{1, 2, 3};
  EXPECT_EQ(array.at(-3), 1);
  EXPECT_EQ(array.at(2), 3);
  EXPECT_THROW(array.at(3), mp::IndexError);
  EXPECT_THROW(array.at(-4), mp::IndexError);
  EXPECT_THROW(mp::RawArray<int>(0).at(0), mp::IndexError);
}

TEST(RawArray, ItemsAreAligned) {
  struct alignas(64) Line {
    std::uint64_t words[8];
  };
  for (std::ptrdiff_t size = 1; size < 200; size += 13) {
    const mp::RawArray<Line> array(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.data()) % 64, 0U);
  }
}

TEST(RawArray, CopyMakesAnotherOne) {
  const mp::RawArray<std::atomic<int>> counters(2);
  ++counters[1];
  const auto others = mp::copy(counters);
  EXPECT_EQ(others[1], 1);
  ++others[1];
  EXPECT_EQ(counters[1], 1);
  EXPECT_NE(counters, others);
  const mp::RawArray<std::atomic<int>> same = counters;
  EXPECT_EQ(counters, same);
}

TEST(RawArray, PrintsAsPythonDoes) {
  const std::string text = fmt::format("{}", mp::RawArray<int>(2));
  EXPECT_TRUE(text.starts_with("<multiprocess.sharedctypes.c_int_Array_2 object at 0x")) << text;
}

TEST(RawArray, ALargeOneIsThere) {
  const mp::RawArray<double> array(4 << 20);
  array[(4 << 20) - 1] = 1;
  EXPECT_EQ(array.at(-1), 1);
}

class RawArrayProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(RawArrayProcesses);

TEST_P(RawArrayProcesses, TravelsThroughQueuesAndPipes) {
  const mp::Queue<mp::RawArray<int>> queue;
  const auto [here, there] = mp::Pipe();
  const mp::RawArray<int> array(100);
  mp::Process process = start([queue, end = there] {
    const auto first = queue.get(plenty);
    const auto second = end.recv<mp::RawArray<int>>();
    require(first == second && first.size() == 100);
    std::iota(first.begin(), first.end(), 0);
  });
  queue.put(array);
  here.send(array);
  EXPECT_TRUE(process.join(plenty));
  EXPECT_EQ(process.exitcode(), 0);
  EXPECT_EQ(array[99], 99);
}

TEST_P(RawArrayProcesses, LeaveNoObjects) {
  const std::uint64_t before = mp::test::use_now().objects;
  {
    const mp::RawArray<int> array(100'000);
    EXPECT_EQ(exitcode_of(
                  [array](const std::vector<mp::RawArray<char>>& more) {
                    require(more.size() == 3);
                    array[0] = 1;
                  },
                  std::vector<mp::RawArray<char>>(3, mp::RawArray<char>("abc"))),
              0);
    EXPECT_EQ(array[0], 1);
  }
  EXPECT_EQ(mp::test::use_now().objects, before);
}

}  // namespace
