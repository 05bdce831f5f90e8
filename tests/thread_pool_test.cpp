// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/thread_pool.hpp>

#include <multiprocess/range.hpp>

#include "support/arena_use.hpp"
#include "support/generated.hpp"
#include "support/latch.hpp"
#include "support/start_methods.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <fstream>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace multiprocess {
namespace {

using namespace std::chrono_literals;
using test::plenty;
using test::twice;

TEST(ThreadPool, CallsCanReferToAnything) {
  ThreadPool pool(2);
  std::mutex mutex;
  int sum = 0;
  std::vector<int> numbers{1, 2, 3, 4, 5};
  pool.map(
      [&](int n) {
        const std::scoped_lock lock(mutex);
        sum += n;
      },
      numbers);
  EXPECT_EQ(sum, 15);
  pool.apply(
      [](std::mutex& m, int& s) {
        const std::scoped_lock lock(m);
        s = 0;
      },
      std::ref(mutex), std::ref(sum));
  EXPECT_EQ(sum, 0);
}

TEST(ThreadPool, ArgumentsAndResultsAreMoved) {
  ThreadPool pool(2);
  auto made = pool.apply([](std::unique_ptr<int> p) { return std::make_unique<int>(*p + 1); },
                         std::make_unique<int>(6));
  EXPECT_EQ(*made, 7);
  std::vector<std::unique_ptr<int>> items;
  for (int i = 0; i < 10; ++i) {
    items.push_back(std::make_unique<int>(i));
  }
  const auto results =
      pool.map_async([](std::unique_ptr<int> p) { return p; }, std::move(items)).get();
  ASSERT_EQ(results.size(), 10U);
  EXPECT_EQ(*results[9], 9);
  std::vector<std::unique_ptr<int>> more;
  more.push_back(std::make_unique<int>(3));
  for (const auto& result : pool.imap([](auto p) { return p; }, std::move(more))) {
    EXPECT_EQ(*result, 3);
  }
}

TEST(ThreadPool, ItemsThatCannotBeCopiedAreUsedWhereTheyAre) {
  ThreadPool pool(2);
  std::vector<std::unique_ptr<int>> items;
  items.push_back(std::make_unique<int>(1));
  items.push_back(std::make_unique<int>(2));
  pool.map([](std::unique_ptr<int>& p) { *p *= 10; }, items);
  EXPECT_EQ(*items[0] + *items[1], 30);
  const auto& as_const = items;
  EXPECT_EQ(pool.map([](const std::unique_ptr<int>& p) { return *p; }, as_const),
            (std::vector<int>{10, 20}));
  MapOptions limited;
  limited.task_timeout = plenty;
  EXPECT_THROW(pool.map([](const std::unique_ptr<int>& p) { return *p; }, items, limited),
               ValueError);
}

TEST(ThreadPool, ItemsThatCanBeCopiedStayAsTheyAre) {
  ThreadPool pool(2);
  std::vector<std::string> items{"a", "b"};
  EXPECT_EQ(pool.map([](std::string& s) { return s += "!"; }, items),
            (std::vector<std::string>{"a!", "b!"}));
  EXPECT_EQ(items, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(pool.map([](std::string& s) { return s += "!"; }, std::move(items)),
            (std::vector<std::string>{"a!", "b!"}));
}

TEST(ThreadPool, TakesRangesOfEveryKind) {
  ThreadPool pool(2);
  const std::vector<int> expected{2, 4, 6};
  EXPECT_EQ(pool.map(twice, {1, 2, 3}), expected);
  EXPECT_EQ(pool.map(twice, range(1, 4)), expected);
  EXPECT_EQ(pool.map(twice, std::list<int>{1, 2, 3}), expected);
  EXPECT_EQ(pool.map_async(twice, std::deque<int>{1, 2, 3}).get(), expected);
  EXPECT_EQ(pool.map(twice, std::array<int, 3>{1, 2, 3}), expected);
  EXPECT_EQ(pool.map(twice, test::Generated(3, [](int n) { return n + 1; })), expected);
  EXPECT_EQ(pool.map([](bool b) { return !b; }, std::vector<bool>{true, false}),
            (std::vector<bool>{false, true}));
  EXPECT_EQ(pool.map([](const std::string& s) { return s.size(); },
                     std::vector<std::string_view>{"one", "three"}),
            (std::vector<std::size_t>{3, 5}));
  EXPECT_TRUE(pool.map(twice, std::vector<int>()).empty());
}

TEST(ThreadPool, StarmapSpreadsTuplesPairsAndArrays) {
  ThreadPool pool(2);
  const auto add = [](int a, int b) { return a + b; };
  const std::vector<int> expected{3, 7};
  EXPECT_EQ(pool.starmap(add, std::vector<std::tuple<int, int>>{{1, 2}, {3, 4}}), expected);
  EXPECT_EQ(pool.starmap(add, std::vector<std::pair<int, int>>{{1, 2}, {3, 4}}), expected);
  EXPECT_EQ(pool.starmap(add, std::vector<std::array<int, 2>>{{1, 2}, {3, 4}}), expected);
  EXPECT_EQ(pool.starmap(+add, {{1, 2}, {3, 4}}), expected);
}

struct NoDefault {
  explicit NoDefault(int given) : value(given) {}
  const int value;
};

TEST(ThreadPool, ResultsNeedNoDefaultAndNoAssignment) {
  ThreadPool pool(2);
  const auto results = pool.map([](int n) { return NoDefault(n); }, {1, 2, 3});
  EXPECT_EQ(results[2].value, 3);
}

TEST(ThreadPool, ACallableThatChangesItselfIsNotShared) {
  ThreadPool pool(4);
  const auto counts = pool.map([n = 0](int) mutable { return ++n; }, std::vector<int>(400), {25});
  for (const int count : counts) {
    EXPECT_LE(count, 25);
  }
}

TEST(ThreadPool, ACallableGoesBeforeItsResultIsThere) {
  ThreadPool pool(1);
  auto held = std::make_shared<int>(1);
  pool.apply_async([held] {}).get();
  EXPECT_EQ(held.use_count(), 1);
  pool.map_async([held](int) {}, {1, 2}).get();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadPool, TasksRunInSoManyThreadsAtOnce) {
  ThreadPool pool(3);
  multiprocess::test::Latch meet(3);  // it opens when three are there
  MapOptions one;
  one.chunksize = 1;
  const auto ids = pool.map(
      [&](int) {
        meet.arrive_and_wait();
        return std::this_thread::get_id();
      },
      {1, 2, 3}, one);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 3U);
  EXPECT_FALSE(std::count(ids.begin(), ids.end(), std::this_thread::get_id()));
}

TEST(ThreadPool, ATaskMayUseThePoolThatItRunsIn) {
  ThreadPool pool(1);
  EXPECT_EQ(pool.apply([&] {
    int sum = pool.apply(twice, 5);
    for (const int n : pool.map(twice, {1, 2, 3})) {
      sum += n;
    }
    for (const int n : pool.imap(twice, range(0, 10))) {
      sum += n;
    }
    return sum + pool.apply_async(twice, 1).get(plenty);
  }),
            10 + 12 + 90 + 2);
}

thread_local std::string mark;

TEST(ThreadPool, InitializersRunInEachThreadWithCopiesOfTheirOwn) {
  std::atomic<int> calls{0};
  std::atomic<int> ends{0};
  {
    ThreadPool pool(
        2,
        [&](std::string text) {
          ++calls;
          mark = std::move(text);
        },
        "ready");
    pool.at_worker_exit([&] { ++ends; });
    for (const std::string& each : pool.map([](int) { return mark; }, {1, 2, 3, 4})) {
      EXPECT_EQ(each, "ready");
    }
  }
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(ends, 2);
}

TEST(ThreadPool, TheMoreUrgentComesFirst) {
  std::atomic<bool> go{false};
  ThreadPool pool(1);
  const auto hold = pool.apply_async([&] { test::until([&] { return go.load(); }); });
  std::vector<int> order;
  std::vector<AsyncResult<void>> results;
  for (const int priority : {0, -1, 2, 1}) {
    TaskOptions options;
    options.priority = priority;
    results.push_back(pool.apply_async(options, [&order, priority] { order.push_back(priority); }));
  }
  go = true;
  for (const auto& result : results) {
    result.get();
  }
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0, -1}));
}

TEST(ThreadPool, AMapGivesWayToWhatIsMoreUrgent) {
  ThreadPool pool(1);
  std::atomic<bool> urgent_done{false};
  std::atomic<bool> begun{false};
  MapOptions one;
  one.chunksize = 1;
  const auto all = pool.map_async(
      [&](int n) {
        begun = true;
        if (n == 0) {
          TaskOptions urgent;
          urgent.priority = 1;
          pool.apply_async(urgent, [&] { urgent_done = true; });
        }
        return urgent_done.load();
      },
      range(0, 5), one);
  EXPECT_EQ(all.get(), (std::vector<bool>{false, true, true, true, true}));
}

TEST(ThreadPool, ImapReadsAsFarAsItMay) {
  ThreadPool pool(2);
  std::atomic<int> read{0};
  const test::Generated input(1'000'000, [&](int n) {
    ++read;
    return n;
  });
  MapOptions few;
  few.buffersize = 8;
  auto results = pool.imap(twice, input, few);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(results.next(plenty), 2 * i);
    ASSERT_LE(read, i + 10);
  }
}

TEST(ThreadPool, ImapUnorderedGivesWhatIsThere) {
  std::atomic<bool> go{false};
  ThreadPool pool(2);
  auto results = pool.imap_unordered(
      [&](int n) {
        test::until([&] { return n != 0 || go; });
        return n;
      },
      std::vector<int>{0, 1, 2});
  EXPECT_EQ(results.next(), 1);
  EXPECT_EQ(results.next(), 2);
  EXPECT_THROW(results.next(0s), TimeoutError);
  go = true;
  EXPECT_EQ(results.next(), 0);
  EXPECT_EQ(results.next(), std::nullopt);
  EXPECT_EQ(results.next(), std::nullopt);
}

TEST(ThreadPool, InlineTasksRunInTheCaller) {
  PoolOptions options;
  options.inline_tasks = true;
  ThreadPool pool(options);
  const auto here = std::this_thread::get_id();
  const auto where = [] { return std::this_thread::get_id(); };
  EXPECT_EQ(pool.apply(where), here);
  const auto result = pool.apply_async(where);
  EXPECT_TRUE(result.ready());
  for (const auto& id : pool.map([&](int) { return where(); }, {1, 2})) {
    EXPECT_EQ(id, here);
  }
  for (const auto& id : pool.imap([&](int) { return where(); }, {1, 2})) {
    EXPECT_EQ(id, here);
  }
}

TEST(ThreadPool, CountsWhatItDoes) {
  ThreadPool pool(2);
  pool.map(twice, std::vector<int>(10));
  EXPECT_THROW(pool.apply([] { throw ValueError("no"); }), ValueError);
  const PoolStats stats = pool.stats();
  EXPECT_EQ(stats.submitted, 11U);
  EXPECT_EQ(stats.completed, 10U);
  EXPECT_EQ(stats.failed, 1U);
  EXPECT_EQ(stats.workers_started, 2U);
  EXPECT_EQ(stats.workers.size(), 2U);
  EXPECT_FALSE(stats.slowest_tasks.empty());
}

TEST(ThreadPool, TellsItsProgress) {
  ThreadPool pool(2);
  std::vector<std::size_t> told;
  MapOptions options;
  options.progress = Progress{[&](std::size_t done, std::optional<std::size_t> total) {
    EXPECT_EQ(total, 100U);
    told.push_back(done);
  }};
  pool.map(twice, std::vector<int>(100), options);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), 100U);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
}

TEST(ThreadPool, SeedsAreTheSameInEachRun) {
  const auto seeds = [] {
    PoolOptions options;
    options.processes = 3;
    options.seed = 42;
    ThreadPool pool(options);
    auto all = pool.map([](int) { return task_seed(); }, std::vector<int>(20));
    for (const auto seed : pool.imap([](int) { return task_seed(); }, std::vector<int>(20))) {
      all.push_back(seed);
    }
    return all;
  };
  const auto first = seeds();
  EXPECT_EQ(seeds(), first);
  EXPECT_EQ(std::set(first.begin(), first.end()).size(), 40U);
}

TEST(ThreadPool, WritesATrace) {
  const std::string path = testing::TempDir() + "/thread_pool_trace.json";
  {
    PoolOptions options;
    options.processes = 2;
    options.trace_file = path;
    ThreadPool pool(options);
    pool.map(twice, std::vector<int>(8));
    pool.close();
    pool.join();
  }
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(text.find("\"first\":7"), std::string::npos) << text;
  std::remove(path.c_str());
}

TEST(ThreadPool, PrintsAsPythonDoes) {
  ThreadPool pool(2);
  EXPECT_EQ(fmt::format("{}", pool), "<multiprocess.pool.ThreadPool state=RUN pool_size=2>");
}

TEST(ThreadPool, ImapIsCancelledByTheEndOfThePool) {
  ThreadPool pool(2);
  auto results = pool.imap([](int x) { return x; }, range(1000), {.buffersize = 2});
  EXPECT_EQ(results.next(), 0);
  pool.terminate();
  const auto read_all = [&results] {
    while (results.next()) {
    }
  };
  EXPECT_THROW(read_all(), Cancelled);
}

}  // namespace
}  // namespace multiprocess
