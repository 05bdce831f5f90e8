// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/async_result.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/wait.hpp>

#include "support/pools.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

int square(int x) {
  return x * x;
}

/// A task that ends when it is let.
struct Gate {
  mp::Queue<int> open;
  mp::AsyncResult<int> through(mp::Pool& pool, int x) const {
    return pool.apply_async(
        [open = open](int value) {
          open.get();
          return value;
        },
        x);
  }
};

class AsyncResult : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(AsyncResult);

class AsCompleted : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(AsCompleted);

TEST_P(AsyncResult, IsNotReadyBeforeItIs) {
  mp::Pool pool(of(1));
  const Gate gate;
  const auto result = gate.through(pool, 5);
  EXPECT_FALSE(result.ready());
  EXPECT_FALSE(result.wait(1ms));
  EXPECT_THROW(result.get(1ms), mp::TimeoutError);
  EXPECT_THROW(result.successful(), mp::ValueError);
  EXPECT_NE(fmt::format("{}", result).find("pending"), std::string::npos);
  gate.open.put(1);
  EXPECT_EQ(result.get(plenty), 5);
  EXPECT_TRUE(result.ready());
  EXPECT_TRUE(result.successful());
  EXPECT_FALSE(result.cancel()) << "too late";
  EXPECT_EQ(result.get(), 5);
  EXPECT_NE(fmt::format("{}", result).find("ready"), std::string::npos);
}

TEST(AsyncResultOfNothing, IsAnError) {
  const mp::AsyncResult<int> none;
  EXPECT_THROW(none.get(), mp::ValueError);
  EXPECT_EQ(none, mp::AsyncResult<int>());
  EXPECT_FALSE(fmt::format("{}", none).empty());
}

TEST_P(AsyncResult, CallbacksRunBeforeItIsReady) {
  mp::Pool pool(of(1));
  const Gate gate;
  std::atomic<int> sum{0};
  const auto result = gate.through(pool, 5);
  result.on_result([&](int value) { sum += value; }).on_result([&](int) { sum += 100; });
  result.on_error([&](const std::exception_ptr&) { sum += 1000; });
  gate.open.put(1);
  EXPECT_EQ(result.get(), 5);
  EXPECT_EQ(sum, 105);
  result.on_result([&](int) { sum += 1; });
  EXPECT_EQ(sum, 106) << "at once when it is ready";
}

TEST_P(AsyncResult, CallbacksRunAlsoWhenNobodyWaits) {
  mp::Pool pool(of(1));
  mp::Queue<int> called;
  pool.apply_async(square, 3).on_result([called](int value) { called.put(value); });
  EXPECT_EQ(called.get(plenty), 9);
  pool.map_async(square, std::vector<int>{}).on_result([called](const std::vector<int>& all) {
    called.put(static_cast<int>(all.size()));
  });
  EXPECT_EQ(called.get(plenty), 0) << "also of no items";
  pool.apply_async([]() -> int { throw std::runtime_error("no"); })
      .on_error([called](const std::exception_ptr&) { called.put(-1); });
  EXPECT_EQ(called.get(plenty), -1);
  pool.apply_async([] {}).on_result([called] { called.put(7); });
  EXPECT_EQ(called.get(plenty), 7);
}

TEST_P(AsyncResult, CallbacksMayUseThePoolAndTheResult) {
  mp::Pool pool(of(1));
  int inner = 0;
  const auto result = pool.apply_async(square, 3);
  result.on_result([&](int value) { inner = pool.apply(square, value) + result.get(); });
  result.wait();
  EXPECT_EQ(inner, 90);
}

TEST_P(AsyncResult, CallbacksComeOneAtATimeWhoeverWaits) {
  mp::Pool pool(of(2));
  constexpr int count = 500;
  std::vector<int> seen;  // without a lock
  std::vector<mp::AsyncResult<int>> results;
  for (int i = 0; i < count; ++i) {
    results.push_back(
        pool.apply_async(square, i).on_result([&seen](int value) { seen.push_back(value); }));
  }
  for (const auto& result : results) {
    result.wait();
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)], i * i);
  }
}

TEST_P(AsyncResult, CallbacksComeInTheOrderOfTheResults) {
  mp::Pool pool(of(1));
  for (int round = 0; round < 20; ++round) {
    const mp::Event begun;
    const mp::Event go;
    std::vector<int> seen;
    const auto add = [&seen](int value) { seen.push_back(value); };
    const auto first = pool.apply_async([begun, go] {
      begun.set();
      go.wait();
    });
    begun.wait();
    const auto later = pool.apply_async({.priority = 1}, square, 3).on_result(add);
    const auto sooner = pool.apply_async({.priority = 2}, square, 2).on_result(add);
    go.set();
    later.wait();
    sooner.wait();
    EXPECT_EQ(seen, (std::vector{4, 9}));
  }
}

TEST_P(AsyncResult, ACallbackMayWaitForAnotherCall) {
  mp::Pool pool(of(2));
  int sum = 0;
  const auto other = pool.apply_async(square, 2);
  const auto result = pool.apply_async(square, 3).on_result([&](int value) {
    other.on_result([&sum](int four) { sum += four; });
    sum += value + other.get();
  });
  result.wait();
  EXPECT_EQ(sum, 17);
}

TEST_P(AsyncResult, ACallbackMayEndThePool) {
  mp::Pool pool(of(1));
  mp::Queue<int> called;
  const auto result = pool.apply_async(square, 3).on_result([&, called](int) {
    pool.terminate();
    called.put(1);
  });
  EXPECT_EQ(called.get(plenty), 1);
  EXPECT_EQ(result.get(), 9);
}

TEST_P(AsyncResult, ACallbackThatThrowsHarmsNobody) {
  mp::PoolOptions options = of(1);
  std::atomic<int> reports{0};
  options.on_callback_error = [&](const std::exception_ptr&) { ++reports; };
  mp::Pool pool(options);
  const auto result = pool.apply_async(square, 3);
  result.on_result([](int) { throw std::runtime_error("a callback's"); });
  EXPECT_EQ(result.get(), 9);
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(pool.apply(square, 2), 4);
}

TEST_P(AsyncResult, HasADescriptorForEventLoops) {
  mp::Pool pool(of(1));
  const Gate gate;
  const auto result = gate.through(pool, 5);
  const std::vector<mp::Waitable> all{result.fileno()};
  EXPECT_TRUE(mp::wait(all, 1ms).empty());
  gate.open.put(1);
  EXPECT_EQ(mp::wait(all, plenty).size(), 1U);
  EXPECT_EQ(result.get(0s), 5);
  const auto ready = pool.apply_async(square, 2);
  ready.wait();
  EXPECT_EQ(mp::wait(std::vector<mp::Waitable>{ready.fileno()}, plenty).size(), 1U);
}

TEST_P(AsyncResult, ManyMayWaitForOne) {
  mp::Pool pool(of(1));
  const Gate gate;
  const auto result = gate.through(pool, 5);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([result] { EXPECT_EQ(result.get(plenty), 5); });
  }
  gate.open.put(1);
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_P(AsCompleted, GivesThemAsTheyCome) {
  mp::Pool pool(of(2));
  const Gate first;
  const Gate second;
  const std::vector<mp::AsyncResult<int>> results{first.through(pool, 1), second.through(pool, 2)};
  second.open.put(1);
  std::vector<int> order;
  for (const auto& result : mp::as_completed(results)) {
    order.push_back(result.get(0s));
    first.open.put(1);
  }
  EXPECT_EQ(order, (std::vector{2, 1}));
  int count = 0;
  for (const auto& result : mp::as_completed({pool.apply_async(square, 1)})) {
    count += result.get();
  }
  EXPECT_EQ(count, 1);
  for ([[maybe_unused]] const auto& result :
       mp::as_completed(std::vector<mp::AsyncResult<int>>{})) {
    FAIL();
  }
  EXPECT_TRUE(fmt::format("{}", mp::as_completed(results))
                  .starts_with("<multiprocess.pool.AsCompleted object at 0x"));
}

}  // namespace
