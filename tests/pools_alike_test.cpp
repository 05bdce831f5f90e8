// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>
#include <multiprocess/range.hpp>
#include <multiprocess/thread_pool.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <concepts>
#include <future>
#include <numeric>
#include <optional>
#include <ranges>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace multiprocess {
namespace {

// One program, whichever kind of pool it is given.

int add(int a, int b) {
  return a + b;
}

int add_one(int n) {
  return n + 1;
}

std::string shout(const std::string& text) {
  return text + "!";
}

template <class AnyPool>
class Pools : public testing::Test {
 public:
  AnyPool any{2};
};

using Kinds = testing::Types<Pool, ThreadPool>;
TYPED_TEST_SUITE(Pools, Kinds);

TYPED_TEST(Pools, CallOneFunction) {
  auto& pool = this->any;
  EXPECT_EQ(pool.apply(add, 1, 2), 3);
  EXPECT_EQ(pool.apply(shout, "text"), "text!");
  EXPECT_EQ(pool.apply_async([](double x) { return std::sqrt(x); }, 16.0).get(), 4.0);
  TaskOptions urgent;
  urgent.priority = 3;
  EXPECT_EQ(pool.apply(urgent, add, 2, 2), 4);
}

TYPED_TEST(Pools, MapAndStarmap) {
  auto& pool = this->any;
  std::vector<int> squares(1000);
  std::iota(squares.begin(), squares.end(), 0);
  const auto results = pool.map([](int n) { return n * n; }, squares);
  ASSERT_EQ(results.size(), 1000U);
  EXPECT_EQ(results[31], 961);
  EXPECT_EQ(pool.map(shout, std::vector<std::string>{"a", "b"}),
            (std::vector<std::string>{"a!", "b!"}));
  EXPECT_EQ(pool.starmap(add, {{1, 2}, {3, 4}}), (std::vector<int>{3, 7}));
  const std::vector<std::array<int, 2>> arrays{{1, 2}, {3, 4}};
  EXPECT_EQ(pool.starmap_async(add, arrays).get(), (std::vector<int>{3, 7}));
  MapOptions options;
  options.chunksize = 7;
  EXPECT_EQ(pool.map([](std::stop_token, int n) { return -n; }, squares, options)[999], -999);
}

TYPED_TEST(Pools, ALiteralHasTheItemsThatOneSees) {
  const auto next = [](char c) { return static_cast<char>(c + 1); };
  const std::vector<char> expected{'b', 'c'};
  EXPECT_EQ(this->any.map(next, "ab"), expected);
  EXPECT_EQ(this->any.map_async(next, "ab").get(), expected);
  std::vector<char> results;
  for (const char c : this->any.imap(next, "ab")) {
    results.push_back(c);
  }
  EXPECT_EQ(results, expected);
  const char whole[] = {'a', 'b'};
  EXPECT_EQ(this->any.map(next, whole), expected);
}

TYPED_TEST(Pools, ImapReadsEndlessInput) {
  auto& pool = this->any;
  int expected = 0;
  for (const int n : pool.imap([](int i) { return 2 * i; }, range(0, 1'000'000'000))) {
    ASSERT_EQ(n, expected);
    expected += 2;
    if (n == 2000) {
      break;
    }
  }
  int sum = 0;
  for (const int n : pool.imap_unordered([](int i) { return i; }, range(1, 101))) {
    sum += n;
  }
  EXPECT_EQ(sum, 5050);
}

/// As that of an rvalue is.
struct MoveOnlyView : std::ranges::view_base {
  MoveOnlyView() = default;
  MoveOnlyView(MoveOnlyView&&) = default;
  MoveOnlyView& operator=(MoveOnlyView&&) = default;
  const int* begin() const { return items.data(); }
  const int* end() const { return items.data() + items.size(); }

  std::array<int, 3> items{1, 2, 3};
};
static_assert(std::ranges::view<MoveOnlyView> && !std::copy_constructible<MoveOnlyView>);

TYPED_TEST(Pools, AViewThatCannotBeCopiedIsReferredTo) {
  auto& pool = this->any;
  const std::vector<int> expected{2, 3, 4};
  MoveOnlyView view;
  EXPECT_EQ(pool.map(add_one, view), expected);
  std::vector<int> results;
  for (const int result : pool.imap(add_one, view)) {
    results.push_back(result);
  }
  EXPECT_EQ(results, expected);
  EXPECT_EQ(pool.imap(add_one, MoveOnlyView()).next(), 2);
}

TYPED_TEST(Pools, AnItemThatFailsFailsTheMap) {
  const auto task = [](int n) { return n == 5 ? throw ValueError("five") : n; };
  EXPECT_THROW(this->any.map(task, range(0, 10)), ValueError);
  std::vector<AsyncResult<int>> results;
  for (int i = 3; i < 8; ++i) {
    results.push_back(this->any.apply_async(task, i));
  }
  int failures = 0;
  for (const AsyncResult<int>& result : as_completed(results)) {
    failures += result.successful() ? 0 : 1;
  }
  EXPECT_EQ(failures, 1);
}

TYPED_TEST(Pools, AnItemDoesNotChangeItsOriginal) {
  const std::vector<std::vector<int>> items{{1}, {2, 3}};
  std::vector<std::vector<int>> given = items;
  const auto sizes = this->any.map(
      [](std::vector<int>& item) {
        item.push_back(0);
        return item.size();
      },
      given);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(given, items);
}

TYPED_TEST(Pools, ALastProgressMayAskForItsResult) {
  std::promise<AsyncResult<std::vector<int>>> asked;
  std::promise<std::vector<int>> seen;
  MapOptions options;
  options.progress = Progress{[&](std::size_t done, std::optional<std::size_t> of) {
    if (done == of) {
      seen.set_value(asked.get_future().get().get(test::plenty));
    }
  }};
  const auto result = this->any.map_async(add_one, std::vector<int>{1, 2}, options);
  asked.set_value(result);
  EXPECT_TRUE(result.wait(test::plenty));
  EXPECT_EQ(seen.get_future().get(), (std::vector<int>{2, 3}));
  this->any.close();
  this->any.join();
}

TYPED_TEST(Pools, WhatWasCancelledIsNotToldOf) {
  std::atomic<int> told{0};
  MapOptions options;
  options.chunksize = 1;
  options.progress = Progress{[&](std::size_t, std::optional<std::size_t>) { ++told; }};
  const auto until_stopped = [](std::stop_token stop, int) {
    while (!stop.stop_requested()) {
      std::this_thread::yield();
    }
  };
  const auto result = this->any.map_async(until_stopped, std::vector<int>{1, 2}, options);
  EXPECT_TRUE(result.cancel());
  const int before = told;
  this->any.close();
  this->any.join();
  EXPECT_LE(told, before + 1) << "one was under way";
}

TYPED_TEST(Pools, CloseAndJoin) {
  const auto result = this->any.map_async(add_one, std::vector<int>{1, 2});
  this->any.close();
  EXPECT_THROW(this->any.apply(add, 1, 2), ValueError);
  this->any.join();
  EXPECT_EQ(result.get(), (std::vector<int>{2, 3}));
}

/// What was begun before is done to its end, whatever had been read of it.
TYPED_TEST(Pools, ImapGoesOnAfterClose) {
  for (const int way : range(8)) {
    PoolOptions options{.processes = 2};
    options.inline_tasks = (way & 4) != 0;
    TypeParam pool(options);
    auto results = (way & 2) != 0 ? pool.imap(add_one, range(5000))
                                  : pool.imap_unordered(add_one, range(5000));
    pool.close();
    EXPECT_THROW(pool.imap(add_one, range(2)), ValueError);
    if ((way & 1) != 0) {
      pool.join();
    }
    int count = 0;
    long long sum = 0;
    for (const int n : results) {
      ASSERT_TRUE((way & 2) == 0 || n == count + 1) << way;
      ++count;
      sum += n;
    }
    EXPECT_EQ(count, 5000) << way;
    EXPECT_EQ(sum, 5000 * 5001 / 2) << way;
    pool.join();
  }
}

}  // namespace
}  // namespace multiprocess
