// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mp = multiprocess;

namespace {

int square(int x) {
  return x * x;
}

TEST(PoolArguments, AreChecked) {
  EXPECT_THROW(mp::Pool(0), mp::ValueError);
  EXPECT_THROW(mp::Pool(-1), mp::ValueError);
  EXPECT_THROW(mp::Pool(std::size_t{1} << 40), mp::ValueError);
  EXPECT_THROW(mp::Pool(mp::PoolOptions{.processes = 1, .maxtasksperchild = 0}), mp::ValueError);
  mp::Pool pool(1);
  EXPECT_THROW(pool.map(square, {1}, {.chunksize = 0}), mp::ValueError);
  EXPECT_THROW(pool.imap(square, {1}, {.chunksize = -1}), mp::ValueError);
  EXPECT_THROW(pool.imap(square, {1}, {.buffersize = 0}), mp::ValueError);
  EXPECT_THROW(pool.apply({.retries = -1}, square, 1), mp::ValueError);
  EXPECT_THROW(pool.apply(static_cast<int (*)(int)>(nullptr), 1), mp::TypeError);
}

TEST(PoolArguments, APoolStaysAtHome) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  static_assert(!mp::sendable<mp::Pool> && !mp::sendable<mp::AsyncResult<int>>);
  static_assert(!std::is_copy_constructible_v<mp::Pool>);
  mp::Pool pool(1);
  mp::Queue<bool> refused;
  mp::Process child({.start_method = mp::StartMethod::fork}, mp::fork_only([&] {
                      try {
                        pool.apply(square, 1);
                      } catch (const mp::RuntimeError&) {
                        refused.put(true);
                      }
                    }));
  child.start();
  EXPECT_TRUE(refused.get());
  child.join();
}

TEST(PoolArguments, AndTextReachLambdasOfAnyType) {
  const auto size = [](const auto& text) { return text.size(); };
  mp::Pool pool(
      1, [](auto text) { static_cast<void>(text.size()); }, "initializer");
  const std::vector<std::string> texts{"a", "bc"};
  EXPECT_EQ(pool.apply(size, "text"), 4U);
  EXPECT_EQ(pool.map(size, {"a", "bc"}), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(pool.map([](auto text) { return text + "!"; }, texts),
            (std::vector<std::string>{"a!", "bc!"}));
}

TEST(PoolArguments, MayBeLeftOut) {
  mp::Pool plain({});
  EXPECT_EQ(plain.apply(square, 2), 4);
  mp::Queue<int> began;
  mp::Pool initialized({}, [began] { began.put(1); });
  EXPECT_EQ(began.get(), 1);
  mp::Pool moved(std::move(plain));
  EXPECT_EQ(moved.apply(square, 3), 9);
  EXPECT_THROW(plain.apply(square, 1), mp::ValueError);
}

TEST(PoolArguments, CpusHaveToBeThere) {
  mp::PoolOptions options{.processes = 1};
  options.affinity = {9999};
  EXPECT_THROW(mp::Pool{options}, mp::ValueError);
}

class PoolNames : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolNames);

int named_sum(int a, int b) {
  return a + b;
}

TEST_P(PoolNames, AreThoseOfCallables) {
  mp::Pool pool(mp::PoolOptions{.processes = 1, .start_method = GetParam()});
  const auto squared = mp::named<"pool_test.square">(square);
  const auto sum = mp::named<"pool_test.sum">(named_sum);
  EXPECT_EQ(pool.apply(squared, 9), 81);
  EXPECT_EQ(pool.apply(mp::named<"pool_test.twice">([](int x) { return 2 * x; }), 9), 18);
  EXPECT_EQ(pool.apply(sum, 1, 2), 3);
  EXPECT_EQ(pool.map(squared, {1, 2, 3}), (std::vector{1, 4, 9}));
  EXPECT_EQ(pool.starmap(sum, std::vector<std::pair<int, int>>{{1, 2}, {3, 4}}),
            (std::vector{3, 7}));
  std::vector<int> one_by_one;
  for (const int each : pool.imap(squared, {1, 2, 3})) {
    one_by_one.push_back(each);
  }
  EXPECT_EQ(one_by_one, (std::vector{1, 4, 9}));
  EXPECT_EQ(pool.apply_async(squared, 4).get(), 16);
}

TEST(PoolText, OfStatsAndResults) {
  mp::Pool pool(1);
  pool.apply(square, 1);
  EXPECT_TRUE(fmt::format("{}", pool.stats()).starts_with("PoolStats(submitted=1, completed=1,"));
  EXPECT_TRUE(fmt::format("{}", pool.imap(square, {1})).starts_with("<multiprocess.pool."));
}

}  // namespace
