// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/raw_array.hpp>
#include <multiprocess/value.hpp>

#include "support/pools.hpp"
#include "support/sanitizer.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// What ends a task that does not end by itself, and what comes after a worker.

namespace mp = multiprocess;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using mp::test::square;

namespace {

/// Waits for what never comes.
void hang() {
  mp::Queue<int>().get();
}

int hang_at(int x) {
  if (x == 2) {
    hang();
  }
  return x;
}

class PoolLimits : public mp::test::Pools {};

TEST_P(PoolLimits, ATaskThatTakesTooLongIsEnded) {
  mp::Pool pool(of(1));
  const int worker = pool.pids()[0];
  EXPECT_THROW(pool.apply({.task_timeout = 30ms}, hang), mp::TaskTimeout);
  EXPECT_THROW(pool.apply({.task_timeout = 30ms},
                          [] {
                            for (volatile bool forever = true; forever;) {
                            }
                          }),
               mp::TaskTimeout);
  EXPECT_EQ(pool.apply({.task_timeout = 20s}, square, 3), 9);
  EXPECT_NE(pool.pids()[0], worker);
  EXPECT_EQ(pool.stats().timed_out, 2U);
}

TEST_P(PoolLimits, EachItemHasItsOwnTime) {
  mp::Pool pool(of(2));
  auto results = pool.imap(hang_at, {1, 2, 3, 4}, {.chunksize = 4, .task_timeout = 50ms});
  EXPECT_EQ(results.next(), 1);
  EXPECT_THROW(results.next(), mp::TaskTimeout);
  EXPECT_EQ(results.next(), 3) << "the rest of the chunk is done all the same";
  EXPECT_EQ(results.next(), 4);
  EXPECT_THROW(pool.map(hang_at, {1, 2, 3}, {.task_timeout = 50ms}), mp::TaskTimeout);
}

TEST_P(PoolLimits, ATaskMayListenAndStop) {
  mp::Pool pool(of(1));
  const int worker = pool.pids()[0];
  const auto obedient = [](std::stop_token stop, int x) {
    mp::Queue<int> never;
    while (!stop.stop_requested()) {
      never.try_get(1ms);
    }
    return x;
  };
  EXPECT_THROW(pool.apply({.task_timeout = 30ms, .grace = 20s}, obedient, 1), mp::TaskTimeout);
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(pool.pids()[0], worker) << "its worker lives on";
  const auto running = pool.apply_async(obedient, 1);
  EXPECT_FALSE(running.wait(20ms));
  EXPECT_TRUE(running.cancel());
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_THROW(pool.apply({.task_timeout = 30ms, .grace = 30ms}, [](std::stop_token) { hang(); }),
               mp::TaskTimeout)
      << "and one that does not listen is ended";
}

TEST_P(PoolLimits, NobodyIsEndedWhoHoldsALock) {
  mp::Pool pool(of(1));
  const mp::Lock lock;
  const auto holds_it_for_a_while = [lock] {
    {
      const std::scoped_lock guard(lock);
      mp::Queue<int>().try_get(200ms);
    }
    hang();
  };
  EXPECT_THROW(pool.apply({.task_timeout = 20ms, .grace = 20s}, holds_it_for_a_while),
               mp::TaskTimeout);
  EXPECT_TRUE(lock.acquire(10s));
  EXPECT_FALSE(lock.owner_died());
  lock.release();
}

TEST_P(PoolLimits, WhatIsQueuedOrRunningCanBeCancelled) {
  mp::Pool pool(of(1));
  mp::Queue<int> begun;
  const auto running = pool.apply_async([begun] {
    begun.put(1);
    hang();
  });
  const auto queued = pool.apply_async([begun] { begun.put(2); });
  const auto many = pool.map_async(square, std::vector<int>(100, 2));
  begun.get();
  EXPECT_TRUE(queued.cancel());
  EXPECT_TRUE(many.cancel());
  EXPECT_FALSE(many.cancel()) << "it is cancelled already";
  EXPECT_TRUE(running.cancel());
  for (const auto& each : {running, queued}) {
    EXPECT_TRUE(each.ready());
    EXPECT_THROW(each.get(), mp::Cancelled);
  }
  EXPECT_THROW(many.get(), mp::Cancelled);
  EXPECT_EQ(pool.apply(square, 4), 16);
  EXPECT_TRUE(begun.empty()) << "what was queued never began";
}

/// Dies the first `times` times that it is called.
int dies(const mp::Value<int>& times, int x) {
  if (times.with_lock([](int& left) { return left-- > 0; })) {
    std::abort();
  }
  return x;
}

TEST_P(PoolLimits, LostItemsAreTriedAgainOnRequest) {
  mp::Pool pool(of(2));
  const auto task = [](const mp::Value<int>& times) {
    return [times](int x) { return x == 2 ? dies(times, x) : x; };
  };
  EXPECT_EQ(pool.apply({.retries = 2}, dies, mp::Value<int>(2), 5), 5);
  EXPECT_EQ(pool.map(task(mp::Value<int>(1)), {1, 2, 3}, {.chunksize = 3, .retries = 1}),
            (std::vector{1, 2, 3}));
  EXPECT_EQ(pool.stats().retried, 3U);
  EXPECT_THROW(pool.apply({.retries = 2}, dies, mp::Value<int>(100), 5), mp::WorkerDied)
      << "it would take every worker along";
  EXPECT_THROW(pool.apply({.retries = 5}, []() -> int { throw std::runtime_error("no"); }),
               std::runtime_error)
      << "an exception is a result";
}

/// What is said of an item that has been lost.
template <class Call>
std::string words_of(Call call) {
  try {
    call();
  } catch (const mp::ProcessError& error) {
    return error.what();
  }
  return "no error";
}

TEST_P(PoolLimits, AnItemThatCostsOneWorkerAfterTheOtherIsNamedAsTheCause) {
  mp::Pool pool(of(2));
  const auto dies_at_two = [](int x) { return x == 2 ? (std::abort(), x) : x; };
  const auto map = [&](int retries) {
    return words_of([&] {
      pool.map(dies_at_two, {1, 2, 3}, {.chunksize = 3, .retries = retries});
    });
  };
  const std::string often = map(2);
  EXPECT_NE(often.find("item 1 (it has cost 3 workers: most likely it is the cause), was done"),
            often.npos)
      << often;
  const std::string once = map(0);
  EXPECT_NE(once.find("item 1, was done"), once.npos) << once;
  const std::string late = words_of([&] {
    pool.map(hang_at, {1, 2}, {.task_timeout = 30ms, .retries = 1});
  });
  EXPECT_NE(late.find("(it has cost 2 workers: most likely it is the cause), ran out of time"),
            late.npos)
      << late;
  EXPECT_EQ(pool.stats().retried, 3U);
}

/// Says goodbye when the process ends in order.
struct Farewell {
  mp::Queue<int> hearer;
  ~Farewell() { hearer.put(1); }
};

TEST_P(PoolLimits, AWorkerThatExitsDestroysWhatIsStatic) {
  mp::Pool pool(of(1));
  const mp::Queue<int> hearer;
  const auto task = [hearer] {
    static const Farewell farewell{hearer};
    std::exit(3);
  };
  try {
    pool.apply(task);
    ADD_FAILURE() << "no error";
  } catch (const mp::WorkerDied& died) {
    EXPECT_EQ(died.exitcode(), 3);
  }
  EXPECT_EQ(hearer.get(mp::test::plenty), 1);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(PoolLimits, WorkersRetire) {
  mp::PoolOptions options = of(1);
  options.maxtasksperchild = 2;
  mp::Pool pool(options);
  std::set<int> pids;
  for (int i = 0; i < 6; ++i) {
    pids.insert(pool.apply([] { return mp::current_process().pid(); }));
  }
  EXPECT_EQ(pids.size(), 3U);
  EXPECT_EQ(pool.map(square, std::vector<int>(20, 3), {.chunksize = 1}), std::vector<int>(20, 9));
  pool.close();
  pool.join();
  EXPECT_EQ(pool.stats().workers_died, 0U);
}

TEST_P(PoolLimits, WorkersThatGrowRetire) {
  mp::PoolOptions options = of(1);
  options.max_memory_per_child = mp::detail::os::private_memory() + (std::size_t{64} << 20);
  mp::Pool pool(options);
  const auto pid = [] { return mp::current_process().pid(); };
  const int first = pool.apply(pid);
  EXPECT_EQ(pool.apply(pid), first);
  pool.apply([] {
    static std::vector<char> kept;
    kept.assign(std::size_t{256} << 20, 'x');
  });
  EXPECT_NE(pool.apply(pid), first);
}

TEST_P(PoolLimits, WhoFillsSharedMemoryDoesNotGrow) {
  if (mp::test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer has private memory for each byte that is written";
  }
  mp::PoolOptions options = of(1);
  options.max_memory_per_child = mp::detail::os::private_memory() + (std::size_t{64} << 20);
  mp::Pool pool(options);
  const auto pid = [] { return mp::current_process().pid(); };
  const int first = pool.apply(pid);
  const mp::RawArray<char> shared(std::size_t{128} << 20);
  pool.apply([shared] { std::ranges::fill(shared, 'x'); });
  EXPECT_EQ(pool.apply(pid), first);
  pool.close();
  pool.join();
  EXPECT_EQ(pool.stats().workers_started, 1U);
}

TEST_P(PoolLimits, AnInitializerThatKeepsFailingBreaksThePool) {
  mp::Pool pool(of(2), [] { throw std::runtime_error("no licence"); });
  try {
    pool.apply(square, 1);
    FAIL();
  } catch (const mp::BrokenProcessPool& broken) {
    try {
      std::rethrow_if_nested(broken);
      FAIL() << "it has a cause";
    } catch (const std::runtime_error& cause) {
      EXPECT_STREQ(cause.what(), "no licence");
    }
  }
  EXPECT_THROW(pool.apply(square, 1), mp::BrokenProcessPool);
}

[[noreturn]] void miss_the_licence() {
  throw std::runtime_error("no licence");
}

TEST_P(PoolLimits, EachFailedInitializerPrintsWhereItThrew) {
  testing::internal::CaptureStderr();
  {
    mp::Pool pool(of(2), miss_the_licence);
    EXPECT_THROW(pool.apply(square, 1), mp::BrokenProcessPool);
  }
  const std::string text = testing::internal::GetCapturedStderr();
  const auto count = [&text](std::string_view part) {
    int found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) {
      ++found;
    }
    return found;
  };
  EXPECT_GT(count("PoolWorker-"), 1) << text;
  EXPECT_EQ(count("std::runtime_error: no licence\n"), count("PoolWorker-")) << text;
#if defined(__x86_64__)
  EXPECT_EQ(count("Traceback (most"), count("PoolWorker-")) << text;
  EXPECT_EQ(count("miss_the_licence"), count("PoolWorker-")) << text;
#endif
  EXPECT_EQ(count("call_with"), 0) << text;
}

TEST_P(PoolLimits, OneStumbleIsForgiven) {
  const mp::Value<int> stumbles(1);
  mp::Pool pool(of(1), [stumbles] {
    if (stumbles.with_lock([](int& left) { return left-- > 0; })) {
      throw std::runtime_error("not yet");
    }
  });
  EXPECT_EQ(pool.apply(square, 5), 25);
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolLimits);

class PoolPriority : public mp::test::Pools {};

TEST_P(PoolPriority, TheHigherOnesComeFirst) {
  mp::Pool pool(of(1));
  mp::Queue<int> gate;
  mp::Queue<int> order;
  mp::Queue<int> begun;
  pool.apply_async([gate, begun] {
    begun.put(1);
    gate.get();
  });
  begun.get();
  std::vector<mp::AsyncResult<void>> results;
  for (const int priority : {0, 5, -3, 5, 1}) {
    results.push_back(pool.apply_async(
        {.priority = priority}, [order](int p) { order.put(p); }, priority));
  }
  gate.put(1);
  for (const int wanted : {5, 5, 1, 0, -3}) {
    EXPECT_EQ(order.get(), wanted);
  }
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolPriority);

}  // namespace
