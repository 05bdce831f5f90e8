// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_nesting.hpp>

#include <multiprocess/barrier.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/pool.hpp>

#include "support/child.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace detail = multiprocess::detail;
using mp::test::plenty;

namespace {

mp::PoolOptions workers(int count, mp::StartMethod method) {
  mp::PoolOptions options;
  options.processes = count;
  options.start_method = method;
  return options;
}

int same(int x) {
  return x;
}

TEST(PoolNesting, AShareOfTheMachineNeverBecomesNothing) {
  const mp::detail::SharedRef ref = detail::make_board(1024, 1);
  const auto& board = *static_cast<const detail::Board*>(ref.address());
  detail::PoolNesting nesting;
  for (const std::uint32_t siblings : {1024U, 1'000'000U, 1'000'000U, 1'000'000U}) {
    nesting = detail::nesting_in(board, nesting);
    EXPECT_EQ(nesting.siblings, siblings);
  }
}

class PoolNestingTest : public mp::test::Pools {};

/// The error's words, of a pool that cannot be made.
std::string refusal(int count, mp::StartMethod method) {
  try {
    mp::Pool(workers(count, method));
  } catch (const mp::RuntimeError& error) {
    return error.what();
  }
  return "none";
}

TEST_P(PoolNestingTest, TooManyWorkersInTasksAreRefusedWithAdvice) {
  mp::Pool pool(two());
  const auto use_up = [method = GetParam()] {
    mp::Pool inner(workers(2, method));
    const std::string said = refusal(1023, method);
    return inner.apply(same, 3) == 3 ? said : "the other pool is hurt";
  };
  const std::string said = pool.apply(use_up);
  EXPECT_NE(said.find("would have 1025 workers with this one, and 1024 at most"), said.npos)
      << said;
  EXPECT_NE(said.find("make smaller ones"), said.npos) << said;
  EXPECT_EQ(pool.map(same, {1, 2}), (std::vector{1, 2}));
}

TEST_P(PoolNestingTest, WhatAProgramMakesOutsideOfTasksDoesNotCount) {
  const mp::Pool first(two());
  EXPECT_EQ(detail::count_nested_workers(), 0U);
  const auto look = [] {
    mp::PoolOptions options;
    options.inline_tasks = true;
    const mp::Pool without_workers(options);
    return detail::count_nested_workers();
  };
  EXPECT_EQ(mp::Pool(two()).apply(look), 0U);
}

/// How many find room of so many `pools` that come at the same time, each in its own process.
int admitted(mp::Pool& pool, int pools, std::uint32_t places) {
  const mp::Barrier all(pools);
  const auto try_it = [all, places](int) {
    all.wait();
    const mp::detail::SharedRef ref = detail::make_board(places, 2);
    int here = 1;
    try {
      detail::require_room(*static_cast<const detail::Board*>(ref.address()));
    } catch (const mp::RuntimeError&) {
      here = 0;
    }
    all.wait();  // they stay until each has looked
    return here;
  };
  const std::vector<int> each =
      pool.map(try_it, std::vector<int>(static_cast<std::size_t>(pools)), {.chunksize = 1});
  return static_cast<int>(std::count(each.begin(), each.end(), 1));
}

TEST_P(PoolNestingTest, ThoseMadeAtTheSameTimeDoNotAllSlipIn) {
  mp::Pool pool(workers(4, GetParam()));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(admitted(pool, 4, 256), 4);
    EXPECT_LT(admitted(pool, 4, 257), 4);
  }
}

TEST_P(PoolNestingTest, PoolsThatAreGoneDoNotCount) {
  mp::Pool pool(two());
  const auto end_a_busy_one = [method = GetParam()] {
    mp::Pool inner(workers(2, method));
    const mp::Event begun;
    inner.apply_async([begun] {
      begun.set();
      mp::Event().wait();
    });
    begun.wait();
  };
  const auto die_with_a_busy_one = [method = GetParam(), end_a_busy_one] {
    mp::Pool left(workers(2, method));
    left.apply_async([] { mp::Event().wait(); });
    end_a_busy_one();
    mp::test::die();
  };
  for (int i = 0; i < 5; ++i) {
    pool.apply(end_a_busy_one);
    EXPECT_THROW(pool.apply(die_with_a_busy_one), mp::WorkerDied);
  }
  const auto end = std::chrono::steady_clock::now() + plenty;
  while (detail::count_nested_workers() != 0 && std::chrono::steady_clock::now() < end) {
    detail::check_everybody();  // as all who wait do from time to time
    detail::clear_away_the_dead();
    std::this_thread::yield();
  }
  EXPECT_EQ(detail::count_nested_workers(), 0U);
}

/// Each process leaves right after its own pool has ended.
TEST_P(PoolNestingTest, MemoryIsSoundAfterManyShortOnes) {
  const auto make_one = [method = GetParam()] { mp::Pool(workers(1, method)).close(); };
  for (int i = 0; i < 50; ++i) {
    ASSERT_NO_THROW(mp::Pool(workers(1, GetParam())).apply(make_one)) << i;
  }
}

/// How many pools can be made, each in a task of the one before.
int pools_below(mp::StartMethod method) {
  try {
    mp::Pool inner(workers(1, method));
    return 1 + inner.apply(pools_below, method);
  } catch (const mp::RuntimeError& error) {
    return std::string(error.what()).starts_with("pools are nested 8 deep") ? 0 : -100;
  }
}

TEST_P(PoolNestingTest, EndlessNestingIsAnErrorInstead) {
  EXPECT_EQ(pools_below(GetParam()), 8);
}

TEST_P(PoolNestingTest, TheDefaultSizeIsAShareOfTheCpus) {
  const auto size = [method = GetParam()] {
    mp::PoolOptions options;
    options.start_method = method;
    return static_cast<int>(mp::Pool(options).pids().size());
  };
  const int cpus = detail::os::usable_cpu_count();
  EXPECT_EQ(mp::Pool(workers(1, GetParam())).apply(size), cpus);
  EXPECT_EQ(mp::Pool(workers(2, GetParam())).apply(size), std::max(1, cpus / 2));
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolNestingTest);

}  // namespace
