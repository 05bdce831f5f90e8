// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/thread_pool.hpp>

#include <multiprocess/range.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/generated.hpp"
#include "support/latch.hpp"
#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace multiprocess {
namespace {

using namespace std::chrono_literals;
using test::plenty;
using test::twice;

std::string text_of(const auto& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

void until_asked(const std::stop_token& stop) {
  test::until([&] { return stop.stop_requested(); });
}

TEST(ThreadPoolEnds, ErrorsAreTheObjectsThatWereThrown) {
  ThreadPool pool(2);
  struct Own {
    int* who;
  };
  int who = 0;
  try {
    pool.apply([&] { throw Own{&who}; });
    FAIL();
  } catch (const Own& error) {
    EXPECT_EQ(error.who, &who);
  }
  EXPECT_THROW(pool.apply([] { exit(3); }), SystemExit);
  EXPECT_EQ(pool.apply(twice, 1), 2);
}

TEST(ThreadPoolEnds, AMapThrowsWhatFailedFirstWhenAllIsDone) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  MapOptions one;
  one.chunksize = 1;
  const auto task = [&](int n) {
    ++calls;
    if (n == 3) {
      throw ValueError("three");
    }
  };
  EXPECT_EQ(text_of([&] { pool.map(task, range(0, 50), one); }), "three");
  EXPECT_EQ(calls, 50);
  one.chunksize = 10;
  EXPECT_EQ(text_of([&] { pool.map(task, range(0, 50), one); }), "three");
  EXPECT_EQ(calls, 50 + 44);
}

TEST(ThreadPoolEnds, AnErrorInAnImapConcernsItsItem) {
  ThreadPool pool(2);
  auto results = pool.imap([](int n) { return n == 1 ? throw ValueError("one") : n; },
                           std::vector<int>{0, 1, 2});
  EXPECT_EQ(results.next(), 0);
  EXPECT_THROW(results.next(), ValueError);
  EXPECT_EQ(results.next(), 2);
  EXPECT_EQ(results.next(), std::nullopt);
  const test::Generated broken(5, [](int n) { return n == 2 ? throw KeyError("two") : n; });
  auto first = pool.imap(twice, broken);
  EXPECT_EQ(first.next(), 0);
  EXPECT_EQ(first.next(), 2);
  EXPECT_THROW(first.next(), KeyError);
  EXPECT_EQ(first.next(), std::nullopt);
}

TEST(ThreadPoolEnds, WhatCannotBeIsAValueError) {
  EXPECT_EQ(text_of([] { ThreadPool pool(0); }), "Number of processes must be at least 1");
  ThreadPool pool(1);
  EXPECT_EQ(text_of([&] { pool.join(); }), "Pool is still running");
  MapOptions bad;
  bad.chunksize = 0;
  EXPECT_EQ(text_of([&] { pool.map(twice, {1}, bad); }), "Chunksize must be 1+, not 0");
  EXPECT_EQ(text_of([&] { pool.imap(twice, {1}, bad); }), "Chunksize must be 1+, not 0");
  pool.close();
  EXPECT_EQ(text_of([&] { pool.apply(twice, 1); }), "Pool not running");
  EXPECT_EQ(text_of([&] { pool.map(twice, {1}); }), "Pool not running");
  EXPECT_EQ(text_of([&] { pool.imap(twice, {1}); }), "Pool not running");
  pool.close();
  pool.join();
  pool.join();
  pool.terminate();
  pool.terminate();
}

TEST(ThreadPoolEnds, CloseLetsTheWorkBeDone) {
  ThreadPool pool(2);
  const auto all = pool.map_async(twice, std::vector<int>(1000, 1));
  auto lazily = pool.imap(twice, range(0, 5000));
  pool.close();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(lazily.next(), 2 * i);
  }
  pool.join();
  EXPECT_TRUE(all.ready());
  for (int i = 2000; i < 5000; ++i) {
    ASSERT_EQ(lazily.next(), 2 * i);  // here, now that the threads are gone
  }
  EXPECT_EQ(lazily.next(), std::nullopt);
}

TEST(ThreadPoolEnds, TerminateCancelsAndWaitsForWhatRuns) {
  ThreadPool pool(1);
  multiprocess::test::Latch begun(1);
  std::atomic<bool> ended{false};
  const auto running = pool.apply_async([&](const std::stop_token& stop) {
    begun.count_down();
    until_asked(stop);
    std::this_thread::sleep_for(10ms);  // so that a terminate that does not wait is found out
    ended = true;
  });
  const auto queued = pool.apply_async(twice, 1);
  auto lazily = pool.imap(twice, range(0, 100));
  begun.wait();
  pool.terminate();
  EXPECT_TRUE(ended);
  EXPECT_THROW(running.get(), Cancelled);
  EXPECT_THROW(queued.get(), Cancelled);
  EXPECT_THROW(lazily.next(), Cancelled);
  EXPECT_EQ(lazily.next(), std::nullopt);
  EXPECT_EQ(text_of([&] { pool.apply(twice, 1); }), "Pool not running");
}

TEST(ThreadPoolEnds, ACallThatWaitsGoesOnWhenNobodyIsAtItAnyMore) {
  ThreadPool pool(1);
  multiprocess::test::Latch begun(1);
  bool ended = false;  // the task refers to it: it must not go too early
  std::jthread other([&] {
    begun.wait();
    pool.terminate();
  });
  EXPECT_THROW(pool.map(
                   [&](const std::stop_token& stop, int) {
                     begun.count_down();
                     until_asked(stop);
                     std::this_thread::sleep_for(10ms);
                     ended = true;
                   },
                   {1, 2}, {1}),
               Cancelled);
  EXPECT_TRUE(ended);
}

TEST(ThreadPoolEnds, ATaskMayEndItsPool) {
  std::optional<ThreadPool> pool(2);
  EXPECT_EQ(text_of([&] {
              pool->apply([&] {
                pool->close();
                pool->join();
              });
            }),
            "cannot join the current thread");
  pool->terminate();
  pool.emplace(2);
  multiprocess::test::Latch ended(1);
  pool->apply_async([&] {
    pool.reset();
    ended.count_down();
  });
  ended.wait();
}

TEST(ThreadPoolEnds, CancelGivesUpWhatIsQueuedAndAsksWhatRuns) {
  ThreadPool pool(1);
  multiprocess::test::Latch begun(1);
  const auto running = pool.apply_async([&](const std::stop_token& stop) {
    begun.count_down();
    until_asked(stop);
  });
  std::atomic<int> calls{0};
  const auto queued = pool.map_async([&](int) { ++calls; }, {1, 2, 3});
  begun.wait();
  EXPECT_TRUE(queued.cancel());
  EXPECT_TRUE(running.cancel());
  EXPECT_THROW(running.get(), Cancelled);
  EXPECT_THROW(queued.get(), Cancelled);
  EXPECT_FALSE(running.cancel());
  EXPECT_EQ(pool.apply(twice, 2), 4);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(pool.stats().cancelled, 4U);
}

TEST(ThreadPoolEnds, TimeIsUpAtOnceAlsoForWhoDoesNotListen) {
  std::atomic<bool> go{false};
  ThreadPool pool(2);
  TaskOptions limited;
  limited.task_timeout = 20ms;
  const auto deaf = pool.apply_async(limited, [&] {
    test::until([&] { return go.load(); });
    return 1;
  });
  EXPECT_THROW(deaf.get(plenty), TaskTimeout);
  const auto hears = pool.apply_async(limited, [](const std::stop_token& stop) {
    until_asked(stop);
    return 1;
  });
  EXPECT_THROW(hears.get(plenty), TaskTimeout);
  EXPECT_EQ(pool.apply(limited, twice, 3), 6);
  go = true;
  EXPECT_EQ(pool.stats().timed_out, 2U);
}

TEST(ThreadPoolEnds, TheRestOfAChunkIsForOthers) {
  std::atomic<bool> go{false};
  ThreadPool pool(2);
  MapOptions options;
  options.task_timeout = 20ms;
  options.chunksize = 4;
  const auto task = [&](int n) {
    test::until([&] { return n != 1 || go; });
    return n;
  };
  auto results = pool.imap(task, std::vector<int>{0, 1, 2, 3}, options);
  EXPECT_EQ(results.next(plenty), 0);
  EXPECT_THROW(results.next(plenty), TaskTimeout);
  EXPECT_EQ(results.next(plenty), 2);
  EXPECT_EQ(results.next(plenty), 3);
  EXPECT_EQ(results.next(plenty), std::nullopt);
  EXPECT_THROW(pool.map(task, std::vector<int>{0, 1, 2, 3}, options), TaskTimeout);
  go = true;
}

TEST(ThreadPoolEnds, AnImapThatIsDroppedWaitsForWhatRuns) {
  std::atomic<int> running{0};
  ThreadPool pool(2);
  for (const int n : pool.imap(
           [&](int i) {
             ++running;
             --running;
             return i;
           },
           range(0, 1'000'000'000))) {
    if (n == 100) {
      break;
    }
  }
  EXPECT_EQ(running, 0);
}

TEST(ThreadPoolEnds, AnInitializerThatThrowsTwiceBreaksThePool) {
  std::atomic<int> calls{0};
  ThreadPool once(1, [&] {
    if (calls++ == 0) {
      throw ValueError("a stumble");
    }
  });
  EXPECT_EQ(once.apply(twice, 1), 2);
  ThreadPool never(2, [] { throw ValueError("the cause"); });
  try {
    never.apply(twice, 1);
    FAIL();
  } catch (const BrokenProcessPool& error) {
    EXPECT_EQ(text_of([&] { std::rethrow_if_nested(error); }), "the cause");
  }
}

TEST(ThreadPoolEnds, CallbacksRunBeforeTheResultIsReady) {
  std::vector<std::string> reported;
  PoolOptions options;
  options.processes = 2;
  options.on_callback_error = [&](const std::exception_ptr& error) {
    reported.push_back(text_of([&] { std::rethrow_exception(error); }));
  };
  ThreadPool pool(options);
  int seen = 0;
  const auto result = pool.apply_async(twice, 4);
  result.on_result([&](int n) { seen = n; }).on_result([](int) { throw ValueError("callback"); });
  EXPECT_EQ(result.get(), 8);
  EXPECT_EQ(seen, 8);
  EXPECT_EQ(reported, std::vector<std::string>{"callback"});
  bool failed = false;
  const auto bad = pool.apply_async([] { throw ValueError("bad"); });
  bad.on_error([&](const std::exception_ptr&) { failed = true; });
  EXPECT_TRUE(bad.wait());
  EXPECT_TRUE(failed);
  EXPECT_FALSE(bad.successful());
}

TEST(ThreadPoolEnds, CallbacksComeOneAtATime) {
  ThreadPool pool(4);
  std::vector<int> seen;  // without a lock
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 500; ++i) {
    results.push_back(
        pool.apply_async(twice, i).on_result([&seen](int value) { seen.push_back(value); }));
  }
  for (const auto& result : results) {
    result.wait();
  }
  EXPECT_EQ(seen.size(), results.size());
}

TEST(ThreadPoolEnds, ADescriptorTellsWhenItIsReady) {
  std::atomic<bool> go{false};
  ThreadPool pool(1);
  const auto result = pool.apply_async([&] { test::until([&] { return go.load(); }); });
  const int fd = result.fileno();
  EXPECT_FALSE(detail::os::wait_readable(fd, detail::os::at_once));
  go = true;
  EXPECT_TRUE(detail::os::wait_readable(fd, Timeout(plenty).deadline()));
  EXPECT_TRUE(result.ready());
}

TEST(ThreadPoolEnds, AForkedChildHasNoPool) {
  if (test::under_thread_sanitizer) {
    GTEST_SKIP() << "the sanitizer does not let a process with threads fork and go on";
  }
  ThreadPool pool(2);
  EXPECT_EQ(pool.apply(twice, 1), 2);
  test::Child child([&] {
    EXPECT_THROW(pool.apply(twice, 1), RuntimeError);
    pool.terminate();
    ThreadPool own(1);
    EXPECT_EQ(own.apply(twice, 2), 4);
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(ThreadPoolEnds, ManyThreadsUseOnePool) {
  ThreadPool pool(3);
  test::in_threads(4, [&](int number) {
    for (int i = 0; i < 25; ++i) {
      ASSERT_EQ(pool.apply(twice, number), 2 * number);
      ASSERT_EQ(pool.map(twice, {i, i + 1}), (std::vector<int>{2 * i, 2 * i + 2}));
    }
  });
}

}  // namespace
}  // namespace multiprocess
