// SPDX-License-Identifier: BSD-3-Clause
// Workers that SIGTERM does not end: the ways of a pool to be rid of them.
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/raw_value.hpp>

#include "support/child.hpp"
#include "support/pools.hpp"
#include "support/sanitizer.hpp"
#include "support/signals.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using mp::test::square;

namespace {

/// How often workers have heard that they are to end.
using Heard = mp::RawValue<std::atomic<int>>;

/// Under the thread sanitizer a handler runs when the task calls something that waits: never.
constexpr int times_heard = mp::test::under_thread_sanitizer ? 0 : 1;

enum class Deaf { ignores, blocks, outlasts, is_stopped };
constexpr std::array all_deaf{Deaf::ignores, Deaf::blocks, Deaf::outlasts, Deaf::is_stopped};

std::atomic<int>* heard_here;

void count_terminations(const Heard& heard) {
  static Heard kept = heard;
  heard_here = &kept.get_obj();
  std::signal(SIGTERM, [](int) { ++*heard_here; });
}

void become(Deaf how, const Heard& heard) {
  sigset_t terminate;
  switch (how) {
    case Deaf::ignores:
      std::signal(SIGTERM, SIG_IGN);
      return;
    case Deaf::blocks:
      sigemptyset(&terminate);
      sigaddset(&terminate, SIGTERM);
      pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
      return;
    case Deaf::outlasts:
      return count_terminations(heard);
    case Deaf::is_stopped:
      mp::test::stop_process(getpid());
  }
}

struct Stay {
  Heard heard;
  mp::Queue<int> begun;

  int operator()(Deaf how) const {
    if (how == Deaf::is_stopped) {
      begun.put(1);
    }
    become(how, heard);
    begun.put(1);
    mp::test::wait_to_be_killed();
  }
};

class PoolKills : public mp::test::Pools {
 protected:
  /// Runs `measured`, which tells how long something took, again if the machine, which may have
  /// other things to do, made it longer than `most`.
  template <class Measured>
  static void expect_within(Clock::duration least, Clock::duration most, Measured measured) {
    Clock::duration took = measured();
    for (int tries = 0; took > most && tries < 4; ++tries) {
      took = measured();
    }
    EXPECT_GE(took, least);
    EXPECT_LE(took, most);
  }

  template <class Call>
  static Clock::duration time_of(Call call) {
    const auto begin = Clock::now();
    call();
    return Clock::now() - begin;
  }

  Heard heard_;
  mp::Queue<int> begun_;
  Stay stay_{heard_, begun_};
};

TEST_P(PoolKills, ATaskOutOfTimeIsKilledWhenItsGraceIsOver) {
  expect_within(230ms, 1s, [&] {
    heard_.get_obj() = 0;
    mp::Pool pool(of(4));
    pool.map(square, {1, 2, 3, 4});
    const auto took = time_of([&] {
      std::vector<mp::AsyncResult<int>> results;
      for (const Deaf how : all_deaf) {
        results.push_back(pool.apply_async({.task_timeout = 30ms, .grace = 200ms}, stay_, how));
      }
      for (const auto& result : results) {
        EXPECT_THROW(result.get(), mp::TaskTimeout);
      }
    });
    EXPECT_EQ(heard_.get_obj(), times_heard) << "SIGTERM comes before SIGKILL";
    EXPECT_EQ(pool.map(square, {1, 2, 3, 4}), (std::vector{1, 4, 9, 16}));
    EXPECT_EQ(pool.stats().timed_out, 4U);
    EXPECT_EQ(pool.stats().workers_died, 4U);
    return took;
  });
}

TEST_P(PoolKills, TheRestOfItsChunkIsDone) {
  mp::Pool pool(of(1));
  const auto hang_at_two = [stay = stay_](int x) { return x == 2 ? stay(Deaf::ignores) : x; };
  auto results =
      pool.imap(hang_at_two, {1, 2, 3}, {.chunksize = 3, .task_timeout = 50ms, .grace = 50ms});
  EXPECT_EQ(results.next(), 1);
  EXPECT_THROW(results.next(), mp::TaskTimeout);
  EXPECT_EQ(results.next(), 3);
}

TEST_P(PoolKills, ATaskThatWasAskedHasItsGraceTwice) {
  expect_within(230ms, 1s, [&] {
    heard_.get_obj() = 0;
    mp::Pool pool(of(1));
    const auto task = [stay = stay_](std::stop_token) { stay(Deaf::outlasts); };
    const mp::TaskOptions options{.task_timeout = 30ms, .grace = 100ms};
    const auto took = time_of([&] { EXPECT_THROW(pool.apply(options, task), mp::TaskTimeout); });
    EXPECT_EQ(pool.apply(square, 3), 9);
    EXPECT_EQ(heard_.get_obj(), 1) << "it was asked, heard SIGTERM, and was killed";
    return took;
  });
}

TEST_P(PoolKills, ACancelledTaskIsKilledWhenItsGraceIsOver) {
  expect_within(100ms, 1s, [&] {
    heard_.get_obj() = 0;
    mp::Pool pool(of(1));
    const auto running = pool.apply_async({.grace = 100ms}, stay_, Deaf::outlasts);
    begun_.get();
    const auto took = time_of([&] {
      EXPECT_TRUE(running.cancel());
      EXPECT_THROW(running.get(), mp::Cancelled);
      EXPECT_EQ(pool.apply(square, 3), 9);
    });
    EXPECT_EQ(heard_.get_obj(), 1);
    return took;
  });
}

template <class AnyLock>
void hold_for_ever(const AnyLock& lock, const Heard& heard) {
  count_terminations(heard);
  const std::scoped_lock guard(lock);
  mp::test::wait_to_be_killed();
}

TEST_P(PoolKills, WhoHoldsALockLongerThanItsGraceIsKilledAllTheSame) {
  const auto expect_lock_comes_back = [&](const auto& lock, auto task) {
    heard_.get_obj() = 0;
    mp::Pool pool(of(1));
    const auto took = time_of([&] {
      EXPECT_THROW(pool.apply({.task_timeout = 30ms, .grace = 200ms}, task, lock, heard_),
                   mp::TaskTimeout);
    });
    EXPECT_EQ(heard_.get_obj(), 0) << "SIGTERM never came while it held the lock";
    EXPECT_TRUE(lock.acquire(mp::test::plenty));
    EXPECT_TRUE(lock.owner_died());
    lock.release();
    EXPECT_EQ(pool.apply(square, 3), 9);
    return took;
  };
  expect_within(230ms, 1s,
                [&] { return expect_lock_comes_back(mp::Lock(), hold_for_ever<mp::Lock>); });
  expect_within(230ms, 1s,
                [&] { return expect_lock_comes_back(mp::RLock(), hold_for_ever<mp::RLock>); });
}

// ---- terminate(): SIGTERM after 50 ms to those in a task, after 300 to all, SIGKILL after 1300

TEST_P(PoolKills, TerminateEndsTheDeafWithinItsGrace) {
  expect_within(1300ms, 1800ms, [&] {
    heard_.get_obj() = 0;
    mp::Pool pool(of(5));
    std::vector<mp::AsyncResult<int>> results;
    for (const Deaf how : all_deaf) {
      results.push_back(pool.apply_async(stay_, how));
    }
    for (std::size_t i = 0; i < all_deaf.size(); ++i) {
      begun_.get();
    }
    const auto took = time_of([&] { pool.terminate(); });
    EXPECT_GE(heard_.get_obj(), times_heard);
    EXPECT_LE(heard_.get_obj(), 2);
    for (const auto& result : results) {
      EXPECT_TRUE(result.ready());
      EXPECT_THROW(result.get(), mp::Cancelled);
    }
    EXPECT_TRUE(pool.pids().empty());
    return took;
  });
}

TEST_P(PoolKills, TerminateEndsAnObedientTaskBefore) {
  expect_within(50ms, 290ms, [&] {
    mp::Pool pool(of(2));
    pool.apply_async([begun = begun_] {
      begun.put(1);
      mp::test::wait_to_be_killed();
    });
    begun_.get();
    return time_of([&] { pool.terminate(); });
  });
}

TEST_P(PoolKills, TerminateIsBoundedByStoppedWorkersWithoutATask) {
  expect_within(1300ms, 1800ms, [&] {
    mp::Pool pool(of(2));
    pool.map(square, {1, 2, 3, 4});
    for (const int pid : pool.pids()) {
      mp::test::stop_sleeping_process(pid);
    }
    return time_of([&] { pool.terminate(); });
  });
}

TEST_P(PoolKills, TerminateIsBoundedByInitializersThatHang) {
  expect_within(1300ms, 1800ms, [&] {
    mp::Pool pool(of(2), [stay = stay_] { stay(Deaf::ignores); });
    begun_.get();
    begun_.get();
    return time_of([&] { pool.terminate(); });
  });
}

TEST_P(PoolKills, TerminateIsBoundedByExitCallsThatHang) {
  expect_within(1300ms, 1800ms, [&] {
    mp::Pool pool(of(2));
    pool.at_worker_exit([stay = stay_] { stay(Deaf::blocks); });
    pool.map(square, {1, 2, 3, 4});
    return time_of([&] { pool.terminate(); });
  });
  expect_within(300ms, 1200ms, [&] {
    mp::Pool pool(of(2));
    pool.at_worker_exit(mp::test::wait_to_be_killed);
    pool.map(square, {1, 2, 3, 4});
    return time_of([&] { pool.terminate(); });
  });
}

TEST_P(PoolKills, TheDestructorIsBoundedLikewise) {
  expect_within(1300ms, 1800ms, [&] {
    auto pool = std::make_optional<mp::Pool>(of(2));
    const auto result = pool->apply_async(stay_, Deaf::is_stopped);
    begun_.get();
    const auto took = time_of([&] { pool.reset(); });
    EXPECT_THROW(result.get(), mp::Cancelled);
    return took;
  });
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolKills);

}  // namespace
