// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/imap_input.hpp>

#include <multiprocess/pool_options.hpp>

#include "support/generated.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t any = 1'000'000;
constexpr int many = 100'000'000;

int same(int n) {
  return n;
}
/// Which takes longer than anybody waits for another one.
int slow(int n) {
  const auto end = Clock::now() + std::chrono::microseconds(150);
  while (Clock::now() < end) {
  }
  return n;
}

template <class Range>
ImapInput<int, Range> make_input(Range range) {
  return ImapInput<int, Range>(std::move(range), MapOptions());
}

TEST(ImapInput, ReadsTwiceAsManyAtOnceWhileTheyComeFast) {
  auto input = make_input(test::Generated(many, same));
  std::size_t most = 1;
  int next = 0;
  // Who has to wait for a CPU finds that they come slowly.
  for (const auto end = Clock::now() + test::plenty; most < 256 && Clock::now() < end;) {
    const std::vector<int> items = input.read(any, 1);
    ASSERT_LE(items.size(), 2 * most);
    most = std::max(most, items.size());
    for (const int item : items) {
      ASSERT_EQ(item, next++);
    }
  }
  EXPECT_EQ(most, 256u);
  for (int times = 0; times < 10; ++times) {
    EXPECT_LE(input.read(any, 1).size(), 256u) << "and never more";
  }
}

TEST(ImapInput, ReadsFewAtOnceWhileTheyComeSlowly) {
  auto input = make_input(test::Generated(many, slow));
  for (int n = 0; n < 20; ++n) {
    EXPECT_EQ(input.read(any, 1), std::vector{n}) << "work on it may begin";
  }
}

TEST(ImapInput, ReadsNoMoreThanThereIsRoomFor) {
  auto input = make_input(test::Generated(many, same));
  for (const std::size_t room : {3u, 1u, 0u, 2u}) {
    for (int times = 0; times < 10; ++times) {
      EXPECT_LE(input.read(room, 1).size(), room);
    }
  }
}

TEST(ImapInput, ReadsToTheEnd) {
  auto input = make_input(test::Generated(5, same));
  std::vector<int> all;
  while (!input.ended()) {
    const std::vector<int> items = input.read(any, 1);
    all.insert(all.end(), items.begin(), items.end());
  }
  EXPECT_EQ(all, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_TRUE(input.read(any, 1).empty());
}

}  // namespace
}  // namespace multiprocess::detail
