// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/value.hpp>

#include "support/child.hpp"
#include "support/pools.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

// What a pool says of itself.

namespace multiprocess {
namespace {

using namespace std::chrono_literals;
using test::square;
using test::wait_to_be_asked;

TEST(Statistics, Print) {
  std::ostringstream out;
  out << WorkerStats{.pid = 7, .busy = 1500ms, .idle = 250ms}
      << SlowestTask{.duration = 2s, .call = 3, .item = 4};
  EXPECT_EQ(out.str(),
            "WorkerStats(pid=7, busy=1.5, idle=0.25)SlowestTask(duration=2, call=3, item=4)");
}

class PoolStatistics : public test::Pools {};

TEST_P(PoolStatistics, CountWhatHasBecomeOfTheItems) {
  Pool pool(of(2));
  pool.map(square, std::vector<int>(10));
  EXPECT_THROW(pool.apply([]() -> int { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_THROW(pool.apply([]() -> int { std::abort(); }), WorkerDied);
  Queue<int> never;
  const auto cancelled = pool.apply_async([never] { never.get(); });
  EXPECT_TRUE(cancelled.cancel());
  const PoolStats stats = pool.stats();
  EXPECT_EQ(stats.submitted, 13U);
  EXPECT_EQ(stats.completed, 10U);
  EXPECT_EQ(stats.failed, 2U);
  EXPECT_EQ(stats.cancelled, 1U);
  EXPECT_GE(stats.workers_died, 1U);
  EXPECT_GE(stats.workers_started, 2U);
  EXPECT_EQ(stats.workers.size(), 2U);
  ASSERT_FALSE(stats.slowest_tasks.empty());
  EXPECT_GT(stats.slowest_tasks[0].duration, 0ns);
}

int square_with_a_stumble(const Value<int>& stumbles, int x) {
  if (stumbles.with_lock([](int& left) { return left-- > 0; })) {
    test::die();
  }
  return square(x);
}

int wait_for(const Queue<int>& gate) {
  return gate.get();
}

TEST_P(PoolStatistics, AreExactWhenAllIsOver) {
  PoolOptions options = of(1);
  options.maxtasksperchild = 4;
  Pool pool(options);
  const Queue<int> gate;
  // The first worker retires; a task ends the second, another one the third.
  EXPECT_EQ(pool.map(square, {1, 2, 3, 4}, {.chunksize = 1}).size(), 4U);
  EXPECT_THROW(pool.apply(square_with_a_stumble, Value<int>(1), 3), WorkerDied);
  EXPECT_EQ(pool.apply({.retries = 2}, square_with_a_stumble, Value<int>(1), 3), 9);
  // The fourth did that, stops when it is asked to, and is ended when it does not.
  EXPECT_THROW(pool.apply({.task_timeout = 30ms, .grace = 20s}, wait_to_be_asked), TaskTimeout);
  EXPECT_THROW(pool.apply({.task_timeout = 30ms}, wait_for, gate), TaskTimeout);
  // The fifth retires as well, and the sixth leaves when the pool is closed.
  EXPECT_THROW(pool.apply([]() -> int { throw std::runtime_error("no"); }), std::runtime_error);
  const auto busy = pool.apply_async(wait_for, gate);
  EXPECT_TRUE(pool.map_async(square, {1, 2}).cancel());
  gate.put(1);
  EXPECT_EQ(busy.get(), 1);
  EXPECT_EQ(pool.map(square, {1, 2, 3}, {.chunksize = 1}).size(), 3U);
  pool.close();
  pool.join();
  const PoolStats stats = pool.stats();
  EXPECT_EQ(stats.submitted, 15U);
  EXPECT_EQ(stats.completed, 9U);
  EXPECT_EQ(stats.failed, 4U);
  EXPECT_EQ(stats.cancelled, 2U);
  EXPECT_EQ(stats.retried, 1U);
  EXPECT_EQ(stats.timed_out, 2U);
  EXPECT_EQ(stats.workers_started, 6U);
  EXPECT_EQ(stats.workers_died, 3U);
  EXPECT_EQ(stats.workers_retired, 3U) << "those that left at the end among them";
  ASSERT_EQ(stats.workers.size(), 1U);
  EXPECT_EQ(stats.workers[0].pid, 0) << "it has left";
  EXPECT_GE(stats.workers[0].busy + stats.workers[0].idle, 0ns);
}

/// Works for about so long.
void take(std::chrono::milliseconds time) {
  Queue<int>().try_get(time);
}

TEST_P(PoolStatistics, AWorkerBeginsWithNothingThatItsPredecessorDid) {
  Pool pool(of(1));
  pool.apply(take, 20ms);
  const WorkerStats first = pool.stats().workers.at(0);
  EXPECT_EQ(first.pid, pool.pids().at(0));
  EXPECT_GE(first.busy, 20ms);
  EXPECT_THROW(pool.apply(test::die), WorkerDied);
  const auto end = std::chrono::steady_clock::now() + test::plenty;
  while (pool.stats().workers_started < 2 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  const WorkerStats second = pool.stats().workers.at(0);
  EXPECT_NE(second.pid, first.pid);
  EXPECT_EQ(second.busy, 0ns);
}

TEST_P(PoolStatistics, TheSlowestTasksAreThoseOfAllWorkers) {
  PoolOptions options = of(1);
  options.maxtasksperchild = 5;
  Pool pool(options);
  pool.map(take, std::vector(5, 20ms), {.chunksize = 1});
  pool.map(take, std::vector(10, 0ms), {.chunksize = 1});
  pool.close();
  pool.join();
  const auto slowest = pool.stats().slowest_tasks;
  ASSERT_EQ(slowest.size(), 5U);
  EXPECT_GE(slowest.back().duration, 20ms);
  EXPECT_TRUE(std::ranges::is_sorted(slowest, std::ranges::greater(), &SlowestTask::duration));
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolStatistics);

}  // namespace
}  // namespace multiprocess
