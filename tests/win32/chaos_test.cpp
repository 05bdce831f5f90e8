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

constexpr int most_items = 20'000;  // of one putter

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

/// Gets until an item says that it is over, and notes who may have one in hand.
void get_all(const mp::Queue<Item>& queue, const mp::RawArray<int>& got,
             const mp::RawArray<int>& reaching, int me) {
  while (true) {
    count_at(reaching, me) = 1;
    const Item item = queue.get();
    if (item.putter < 0) {
      return;
    }
    ++count_at(got, item.putter * most_items + item.number);
    count_at(reaching, me) = 0;
    std::this_thread::yield();  // one that is killed here has none
  }
}

// Putters and getters are killed in turn. What was put and is not got was in the hand of a getter
// that was killed, one in each hand.
TEST(Chaos, WhoIsKilledGettingTakesOneItemAtMostAlong) {
  constexpr int lives = kills + crew_size + 1;
  const mp::Queue<Item> queue(16);
  const mp::RawArray<int> put(lives);  // by each, as it knows
  const mp::RawArray<int> got(lives * most_items);
  const mp::RawArray<int> reaching(lives);
  const mp::RawArray<int> over(1);
  Crew putters([queue, put, over](int me) {
    for (int number = 0; number < most_items && count_at(over, 0) == 0; ++number) {
      queue.put({me, number});
      count_at(put, me) = number + 1;
    }
    while (count_at(over, 0) == 0) {  // to be killed
      std::this_thread::yield();
    }
  });
  Crew getters([queue, got, reaching](int me) { get_all(queue, got, reaching, me); });
  for (int i = 0; i < kills / 2; ++i) {
    putters.kill_one();
    getters.kill_one();
  }
  count_at(over, 0) = 1;
  putters.end();
  for (int i = 0; i < crew_size; ++i) {
    queue.put({-1, 0});
  }
  getters.end();
  EXPECT_TRUE(queue.empty());
  int missing = 0;
  int acknowledged = 0;
  for (int me = 1; me < lives; ++me) {
    acknowledged += put[me];
    for (int number = 0; number < most_items; ++number) {
      const int times = got[me * most_items + number];
      missing += number < put[me] && times == 0 ? 1 : 0;
      EXPECT_LE(times, number <= put[me] ? 1 : 0) << me << " " << number;
    }
  }
  const int in_hand = std::accumulate(reaching.begin(), reaching.end(), 0) - crew_size;
  EXPECT_GT(acknowledged, kills) << "they come to work";
  EXPECT_LE(missing, in_hand);
  EXPECT_LE(in_hand, kills / 2);
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
