// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/async_result.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/queue.hpp>

#include "support/pools.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace multiprocess {
namespace {

using namespace std::chrono_literals;
using test::plenty;
using test::twice;

/// What one may do when one is told how far a call is.
class PoolProgress : public test::Pools {
 protected:
  /// Calls `last` when all is done, and `earlier` before that.
  static MapOptions told(std::function<void()> earlier, std::function<void()> last) {
    MapOptions options;
    options.chunksize = 1;
    options.progress = Progress{
        [=](std::size_t done, std::optional<std::size_t> of) { done == of ? last() : earlier(); }};
    return options;
  }
  static void nothing() {}
};

TEST_P(PoolProgress, MayAskForItsOwnResult) {
  Pool pool(two());
  const Queue<int> gate;
  AsyncResult<std::vector<int>> result;
  std::atomic<bool> is_there{false};
  bool asked = false;
  std::atomic<int> ends{0};
  const auto ask = [&] {
    if (is_there && !asked) {
      asked = true;
      gate.put(1);
      EXPECT_EQ(result.get(plenty), (std::vector{0, 2})) << "complete while it is told";
    }
  };
  const auto wait_for_first = [gate](int x) {
    if (x == 1) {
      gate.get();
    }
    return 2 * x;
  };
  result = pool.map_async(wait_for_first, {0, 1}, told(ask, [&] { ++ends; }));
  is_there = true;
  EXPECT_TRUE(result.wait(plenty));
  pool.close();
  pool.join();
  EXPECT_TRUE(asked);
  EXPECT_EQ(ends, 1) << "told once that all is done";
}

TEST_P(PoolProgress, MayWaitAtTheEndForOtherResultsWithCallbacks) {
  Pool pool(two());
  std::atomic<int> called{0};
  Queue<int> seen;
  const auto wait_for_another = [&, seen] {
    const auto other = pool.apply_async(twice, 4).on_result([&](int x) { called = x; });
    seen.put(other.get(plenty));
  };
  const auto result = pool.map_async(twice, {1, 2}, told(nothing, wait_for_another));
  result.on_result([](const std::vector<int>&) {});  // so that nobody has to wait for it
  EXPECT_EQ(seen.get(plenty), 8);
  EXPECT_EQ(called, 8);
}

TEST_P(PoolProgress, MayGoThroughResultsAsTheyAreCompleted) {
  Pool pool(two());
  Queue<int> seen;
  const auto go_through = [&, seen] {
    for (const auto& each : as_completed({pool.apply_async(twice, 4)})) {
      seen.put(each.get());
    }
  };
  const auto result = pool.map_async(twice, {1, 2}, told(nothing, go_through));
  result.on_result([](const std::vector<int>&) {});
  EXPECT_EQ(seen.get(plenty), 8);
}

TEST_P(PoolProgress, MayGoThroughResultsThatThePoolItselfWouldSettle) {
  Pool pool(two());
  const Queue<int> gate;
  const Queue<int> busy;
  std::promise<void> told_here;
  Queue<int> seen;
  // The pool's own thread is busy, so that this one tells.
  pool.apply_async([gate] { return gate.get(); }).on_result([&](int) {
    busy.put(1);
    told_here.get_future().wait();
  });
  const auto go_through = [&, seen] {
    told_here.set_value();
    for (const auto& each : as_completed({pool.apply_async(twice, 4)})) {
      seen.put(each.get());
    }
  };
  const auto result = pool.map_async(twice, {1, 2}, told(nothing, go_through));
  gate.put(1);
  EXPECT_EQ(busy.get(plenty), 1);
  result.on_result([](const std::vector<int>&) {});
  EXPECT_EQ(result.get(plenty), (std::vector{2, 4}));
  EXPECT_EQ(seen.get(plenty), 8);
}

TEST_P(PoolProgress, MayWaitForThePoolsEnd) {
  Pool pool(two());
  int ends = 0;
  const auto end = [&] {
    ++ends;
    pool.close();
    pool.join();
  };
  EXPECT_EQ(pool.map_async(twice, {1, 2}, told(nothing, end)).get(plenty), (std::vector{2, 4}));
  EXPECT_EQ(ends, 1);
}

TEST_P(PoolProgress, IsNotToldOnceTheCallIsCancelled) {
  Pool pool(two());
  const Queue<int> gate;
  const Queue<int> closed_gate;
  std::atomic<int> told_of_first{0};
  std::atomic<int> told_of_second{0};
  const auto wait = [](const Queue<int>& at, int) { at.get(); };
  const auto count_first = [&] { ++told_of_first; };
  const auto count_second = [&] {
    if (++told_of_second == 3) {
      gate.put(1);
    }
  };
  const auto first =
      pool.map_async(partial(wait, closed_gate), {1}, told(count_first, count_first));
  const auto second = pool.map_async(partial(wait, gate), {1}, told(count_second, count_second));
  EXPECT_TRUE(first.cancel());
  const int before = told_of_first;
  second.get(plenty);
  EXPECT_GE(told_of_second, 3);
  EXPECT_LE(told_of_first, before + 1) << "one was under way";
}

TEST(InlinePoolProgress, MayUseItsPool) {
  PoolOptions options;
  options.inline_tasks = true;
  Pool pool(options);
  std::vector<int> seen;
  MapOptions map;
  map.progress = Progress{[&](std::size_t done, std::optional<std::size_t> of) {
    if (done == of) {
      pool.apply_async(twice, 4).on_result([&](int x) { seen.push_back(x); });
    }
  }};
  const auto result = pool.map_async(twice, {1, 2}, map);
  result.on_result([&](const std::vector<int>& all) { seen.push_back(all.back()); });
  EXPECT_TRUE(result.wait(plenty));
  EXPECT_EQ(seen, (std::vector{8, 4}));
}

TEST_P(PoolProgress, IsOverWhenTheResultIsThere) {
  Pool pool(two());
  for (int i = 0; i < 20; ++i) {
    std::atomic<int> in_it{0};
    std::atomic<bool> over{false};
    const auto enter = [&] {
      ++in_it;
      EXPECT_FALSE(over);
      std::this_thread::yield();
      EXPECT_FALSE(over);
      --in_it;
    };
    const auto result = pool.map_async(twice, {1, 2, 3}, told(enter, enter));
    std::atomic<bool> called{false};
    result.on_result([&](const std::vector<int>&) { called = true; });
    result.wait();
    over = true;
    EXPECT_EQ(in_it, 0);
    EXPECT_TRUE(called);
  }
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolProgress);

}  // namespace
}  // namespace multiprocess
