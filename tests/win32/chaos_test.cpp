// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/raw_array.hpp>

#include "support/crew.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace {

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::count_at;
using mp::test::Crew;
using mp::test::crew_size;

// Processes that are started anew each time, and ended by TerminateProcess at any moment. What
// tests/chaos does with forks, by the thousand.

constexpr int kills = 60;

TEST(Chaos, ALockIsTakenFromTheDeadAndGuardsWhatItGuards) {
  const mp::Lock lock;
  const mp::RawArray<int> numbers(3);  // two that are equal, and whether it is over
  Crew crew([lock, numbers](int) {
    while (count_at(numbers, 2) == 0) {
      const std::scoped_lock guard(lock);
      if (lock.owner_died()) {
        numbers[1] = numbers[0];
      }
      ++numbers[0];
      std::this_thread::yield();
      ++numbers[1];
    }
  });
  for (int i = 0; i < kills; ++i) {
    crew.kill_one();
  }
  const int before = count_at(numbers, 0);
  while (count_at(numbers, 0) == before) {  // somebody still gets it
    std::this_thread::yield();
  }
  count_at(numbers, 2) = 1;
  crew.end();
  EXPECT_EQ(numbers[0], numbers[1]);
}

/// An item says who put it, and which of his it is.
struct Item {
  int putter;
  int number;
};

TEST(Chaos, WhatWasPutIsGotOnceWhoeverIsKilledPutting) {
  const mp::Queue<Item> queue(16);
  const mp::RawArray<int> put(kills + crew_size + 1);  // by each, as it knows
  const mp::RawArray<int> over(1);
  Crew crew([queue, put, over](int me) {
    for (int number = 0; count_at(over, 0) == 0; ++number) {
      queue.put({me, number});
      count_at(put, me) = number + 1;
    }
  });
  std::vector<int> got(put.size());
  std::jthread getter([&](const std::stop_token& stop) {
    while (!stop.stop_requested() || !queue.empty()) {
      if (const auto item = queue.try_get(10ms)) {
        EXPECT_EQ(item->number, got[static_cast<std::size_t>(item->putter)]++);
      }
    }
  });
  for (int i = 0; i < kills; ++i) {
    crew.kill_one();
  }
  count_at(over, 0) = 1;
  crew.end();
  getter.request_stop();
  getter.join();
  for (int each = 1; each < static_cast<int>(put.size()); ++each) {
    const int more = got[static_cast<std::size_t>(each)] - put[each];
    EXPECT_TRUE(more == 0 || more == 1) << each << ": " << more;  // the one that it was killed in
  }
}

TEST(Chaos, WhoIsKilledGettingTakesOneItemAtMostAlong) {
  const mp::Queue<int> queue(16);
  const mp::RawArray<int> seen(100'000);
  Crew crew([queue, seen](int) {
    while (const auto item = queue.try_get(20s)) {
      if (*item < 0) {
        return;
      }
      ++count_at(seen, *item);
    }
  });
  std::atomic<int> put{0};
  std::jthread putter([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && put < static_cast<int>(seen.size())) {
      queue.put(put);
      ++put;
    }
  });
  for (int i = 0; i < kills; ++i) {
    crew.kill_one();
  }
  putter.request_stop();
  putter.join();
  for (int i = 0; i < crew_size; ++i) {
    queue.put(-1);
  }
  crew.end();
  const int total = std::accumulate(seen.begin(), seen.end(), 0);
  EXPECT_LE(total, put);
  EXPECT_GE(total, put - kills);
  EXPECT_LE(*std::max_element(seen.begin(), seen.end()), 1);
}

int square(int x) {
  return x * x;
}

TEST(Chaos, APoolHasEveryResultWhoeverOfItsWorkersIsKilled) {
  mp::Pool pool(2);
  std::jthread killer([&pool](const std::stop_token& stop) {
    std::minstd_rand chance{std::random_device{}()};
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(100ms + std::chrono::microseconds(chance() % 100'000));
      const std::vector<int> pids = pool.pids();
      if (!pids.empty()) {
        mp::test::kill_process(pids[chance() % pids.size()]);
      }
    }
  });
  std::vector<int> inputs(2000);
  std::iota(inputs.begin(), inputs.end(), 0);
  for (int round = 0; round < 40; ++round) {
    const std::vector<int> results = pool.map(square, inputs, {.chunksize = 10, .retries = 1000});
    for (int i = 0; i < 2000; ++i) {
      ASSERT_EQ(results[static_cast<std::size_t>(i)], i * i);
    }
  }
  killer.request_stop();
  killer.join();
  pool.close();
  pool.join();
}

}  // namespace
