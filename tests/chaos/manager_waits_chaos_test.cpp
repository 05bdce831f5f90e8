// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include "chaos/chaos.hpp"
#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/forked.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

// Kills clients of a manager at random that hold, wait for and hand over what lives there: the
// locks exclude, nothing is lost or invented, and who lives gets all of it.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

struct Waits {
  AcquirerProxy lock;
  AcquirerProxy recursive;
  AcquirerProxy units;
  ConditionProxy condition;
  EventProxy event;
  BarrierProxy barrier;
  QueueProxy<std::uint64_t> queue;

  explicit Waits(const SyncManager& manager)
      : lock(manager.Lock()),
        recursive(manager.RLock()),
        units(manager.Semaphore(2)),
        condition(manager.Condition()),
        event(manager.Event()),
        barrier(manager.Barrier(3, 20ms)),
        queue(manager.JoinableQueue<std::uint64_t>(5)) {}
};

struct Counts {
  std::atomic<int> inside[3];
  std::atomic<std::uint64_t> puts_begun;
  std::atomic<std::uint64_t> puts_done;
  std::atomic<std::uint64_t> taken;
};

class ManagerWaitsChaos : public Chaos {};

/// What a killed holder was about to do is undone by the one that takes over.
void hold(const AcquirerProxy& lock, std::atomic<int>& inside) {
  const std::scoped_lock guard(lock);
  if (lock.owner_died()) {
    inside = 0;
  }
  require(inside.fetch_add(1) == 0);
  inside.fetch_sub(1);
}

void work(const Waits& waits, Counts& counts) {
  while (true) {
    hold(waits.lock, counts.inside[0]);
    {
      const std::scoped_lock outer(waits.recursive);
      hold(waits.recursive, counts.inside[1]);
    }
    {
      const std::scoped_lock guard(waits.units);
      waits.event.wait(1ms);
      waits.event.set();
      waits.event.clear();
    }
    {
      const std::scoped_lock guard(waits.condition);
      waits.condition.notify();
      waits.condition.wait(2ms);
    }
    try {
      waits.barrier.wait(5ms);
    } catch (const BrokenBarrierError&) {
      waits.barrier.reset();
    }
    ++counts.puts_begun;
    const bool put = waits.queue.try_put(1, 1ms);
    counts.puts_begun -= put ? 0 : 1;
    counts.puts_done += put ? 1 : 0;
    if (waits.queue.try_get(1ms)) {
      ++counts.taken;
      waits.queue.task_done();
    }
  }
}

TEST_F(ManagerWaitsChaos, ClientsAreKilled) {
  const SyncManager manager = Manager();
  const Waits waits(manager);
  const SharedPage<Counts> counts;
  std::vector<std::unique_ptr<Forked>> clients(4);
  std::uint64_t kills = 0;
  for (; kills < scaled(200); ++kills) {
    auto& client = clients[kills * 7 / 3 % clients.size()];
    if (client != nullptr) {
      EXPECT_FALSE(client->has_ended()) << "it has seen what cannot be";
      client->kill();
    }
    client = std::make_unique<Forked>([&] { work(waits, *counts); });
    pause();
  }
  clients.clear();
  notice_deaths();  // no parent of theirs does
  EXPECT_TRUE(waits.lock.acquire(1s));
  EXPECT_TRUE(waits.recursive.acquire(1s));
  EXPECT_TRUE(waits.condition.acquire(1s));
  EXPECT_EQ(waits.units.get_value(), 2);
  waits.barrier.reset();
  EXPECT_EQ(waits.barrier.n_waiting(), 0);
  std::uint64_t left = 0;
  while (waits.queue.try_get(10ms)) {
    ++left;
    waits.queue.task_done();
  }
  EXPECT_TRUE(waits.queue.join(1s));
  EXPECT_GE(counts->taken + left + kills, counts->puts_done.load());
  EXPECT_LE(counts->taken + left, counts->puts_begun + kills);
  EXPECT_EQ(manager.number_of_objects(), 7u);
}

TEST_F(ManagerWaitsChaos, ClientsOfAPoolAndItsWorkersAreKilled) {
  const SyncManager manager = Manager();
  const PoolProxy pool = manager.Pool(2);
  std::vector<std::unique_ptr<Forked>> clients(3);
  for (std::uint64_t kills = 0; kills < scaled(60); ++kills) {
    auto& client = clients[kills % clients.size()];
    client.reset();
    client = std::make_unique<Forked>([&] {
      while (true) {
        require(pool.map([](int x) { return x + 1; }, {1, 2, 3}).at(2) == 4);
        const auto later = pool.apply_async([](int x) { return x; }, 5);
        for (const int x : pool.imap([](int x) { return x; }, {1, 2, 3})) {
          require(x > 0 && x < 4);
        }
        require(later.get() == 5);
      }
    });
    pause();
    EXPECT_THROW(pool.apply([] { die(); }), WorkerDied);
  }
  clients.clear();
  notice_deaths();
  EXPECT_EQ(pool.apply([](int x) { return x; }, 7), 7);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (manager.number_of_objects() != 1 && std::chrono::steady_clock::now() < deadline) {
    notice_deaths();
  }
  EXPECT_EQ(manager.number_of_objects(), 1u) << "what the dead had asked for is kept";
}

}  // namespace
}  // namespace multiprocess::test
