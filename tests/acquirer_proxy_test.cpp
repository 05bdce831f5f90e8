// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/acquirer_proxy.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/list_proxy.hpp>
#include <multiprocess/manager.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/managers.hpp"
#include "support/signals.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;

namespace {

class Acquirers : public mp::test::OneManager {};
MULTIPROCESS_FOR_EACH_START_METHOD(Acquirers);

TEST_P(Acquirers, ALockIsTakenOnceAndReleasedByAnybody) {
  const mp::AcquirerProxy lock = manager().Lock();
  EXPECT_FALSE(lock.locked());
  EXPECT_TRUE(lock.acquire());
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(lock.acquire(false));
  EXPECT_FALSE(lock.acquire(0s));
  EXPECT_EQ(exitcode_of([lock] { lock.release(); }), 0);
  EXPECT_FALSE(lock.locked());
  EXPECT_THROW(lock.release(), mp::ValueError);
}

TEST_P(Acquirers, AnRLockCountsAndIsItsThreads) {
  const mp::AcquirerProxy lock = manager().RLock();
  lock.acquire();
  lock.acquire();
  std::thread([lock] {
    EXPECT_FALSE(lock.acquire(false));
    EXPECT_THROW(lock.release(), mp::AssertionError);
  }).join();
  lock.release();
  EXPECT_TRUE(lock.locked());
  lock.release();
  EXPECT_FALSE(lock.locked());
  EXPECT_THROW(lock.release(), mp::AssertionError);
}

TEST_P(Acquirers, ABoundedSemaphoreKeepsItsBound) {
  const mp::AcquirerProxy plain = manager().Semaphore(1);
  plain.release();
  EXPECT_EQ(plain.get_value(), 2);
  const mp::AcquirerProxy bounded = manager().BoundedSemaphore(2);
  EXPECT_THROW(bounded.release(), mp::ValueError);
  EXPECT_TRUE(bounded.acquire());
  EXPECT_EQ(bounded.get_value(), 1);
  bounded.release();
  EXPECT_EQ(manager().Semaphore().get_value(), 1);
  EXPECT_THROW(manager().Semaphore(-1), mp::ValueError);
  EXPECT_THROW(manager().Semaphore(2147483648), mp::ValueError);
}

TEST_P(Acquirers, WorkWithTheStandardsGuards) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy other = manager().RLock();
  {
    const std::scoped_lock both(lock, other);
    EXPECT_FALSE(lock.try_lock());
    EXPECT_TRUE(other.try_lock());
    other.unlock();
  }
  std::unique_lock guard(lock, 1s);
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return lock.try_lock_for(time); }));
  EXPECT_TRUE(mp::test::gives_up_in_time(
      [&](auto time) { return lock.try_lock_until(std::chrono::system_clock::now() + time); }));
}

TEST_P(Acquirers, GiveUpInTime) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy semaphore = manager().Semaphore(0);
  lock.acquire();
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return lock.acquire(time); }));
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return semaphore.acquire(time); }));
}

TEST_P(Acquirers, GuardWhatProcessesShare) {
  const mp::AcquirerProxy lock = manager().Lock();
  const auto counts = manager().list<int>({0});
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start([lock, counts] {
      for (int k = 0; k < 100; ++k) {
        const std::scoped_lock guard(lock);
        counts.set(0, counts.get(0) + 1);
      }
    }));
  }
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
  }
  EXPECT_EQ(counts.get(0), 300);
}

TEST_P(Acquirers, ServeManyInTheirOrder) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy asked = manager().Semaphore(0);
  const auto order = manager().list<int>();
  lock.acquire();
  std::vector<std::thread> threads;
  for (int i = 0; i < 30; ++i) {
    threads.emplace_back([=] {
      asked.release();
      lock.acquire();
      order.append(i);
      lock.release();
    });
    EXPECT_TRUE(asked.acquire(plenty));
  }
  lock.release();
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(order.size(), 30);
  EXPECT_FALSE(lock.locked());
}

TEST_P(Acquirers, WhatAKilledProcessHeldPassesOn) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy recursive = manager().RLock();
  EXPECT_EQ(exitcode_of([lock, recursive] {
              lock.acquire();
              recursive.acquire();
              recursive.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  for (const mp::AcquirerProxy& each : {lock, recursive}) {
    EXPECT_TRUE(each.acquire(plenty));
    EXPECT_TRUE(each.owner_died());
    each.release();
    EXPECT_TRUE(each.acquire());
    EXPECT_FALSE(each.owner_died());
    each.release();
  }
}

void lock_and_append(mp::AcquirerProxy lock, mp::AcquirerProxy unit, mp::ListProxy<int> list) {
  for (;;) {
    const std::scoped_lock guard(lock, unit);
    list.append(1);
    list.clear();
  }
}

/// One asks while another one that has it is dead already.
TEST_P(Acquirers, WhatSeveralHeldThatAreKilledTogetherPassesOn) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy unit = manager().BoundedSemaphore(1);
  const mp::ListProxy<int> list = manager().list<int>();
  const int rounds = GetParam() == mp::StartMethod::fork ? 40 : 3;
  for (int round = 0; round < rounds; ++round) {
    std::vector<mp::Process> clients;
    for (int i = 0; i < 3; ++i) {
      clients.push_back(start(lock_and_append, lock, unit, list));
    }
    for (int i = 0; i < 20 + round; ++i) {
      list.size();  // they are at it
    }
    for (mp::Process& client : clients) {
      client.kill();
    }
    for (const mp::AcquirerProxy& each : {lock, unit}) {
      ASSERT_TRUE(each.acquire(plenty)) << round;
      each.release();
    }
    for (mp::Process& client : clients) {
      client.join();
    }
  }
}

TEST_P(Acquirers, AKillWakesWhoWaitsWithinASecond) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::EventProxy held = manager().Event();
  mp::Process holder = start([lock, held] {
    lock.acquire();
    held.set();
    mp::test::wait_to_be_killed();
  });
  EXPECT_TRUE(held.wait(plenty));
  holder.kill();
  EXPECT_TRUE(lock.acquire(1s));
  EXPECT_TRUE(lock.owner_died());
  holder.join(plenty);
}

TEST_P(Acquirers, AKilledWaiterGetsNothing) {
  const mp::AcquirerProxy lock = manager().Lock();
  lock.acquire();
  mp::Process waiter = start([lock] { lock.acquire(); });
  mp::Process next = start([lock] { require(lock.acquire(plenty) && !lock.owner_died()); });
  waiter.kill();
  waiter.join(plenty);
  lock.release();
  EXPECT_TRUE(next.join(plenty));
  EXPECT_EQ(next.exitcode(), 0);
}

TEST_P(Acquirers, UnitsOfAKilledProcessComeBackAndSignalsDoNot) {
  const mp::AcquirerProxy units = manager().Semaphore(3);
  const mp::AcquirerProxy signals = manager().Semaphore(0);
  signals.release();
  units.acquire();
  EXPECT_EQ(exitcode_of([units, signals] {
              units.acquire();
              units.acquire();
              signals.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(units.get_value(), 2);
  EXPECT_EQ(signals.get_value(), 0);
  EXPECT_EQ(exitcode_of([units] { units.acquire(); }), 0);
  EXPECT_EQ(units.get_value(), 1);  // who ends by itself keeps it
}

TEST_P(Acquirers, AThreadThatEndsLeavesALockToItsProcessAndAnRLockToTheNext) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy recursive = manager().RLock();
  EXPECT_FALSE(lock.locked() || recursive.locked());
  lock.acquire();
  lock.release();
  std::thread([&] {
    lock.acquire();
    recursive.acquire();
  }).join();
  EXPECT_FALSE(lock.acquire(false));
  lock.release();
  EXPECT_TRUE(recursive.acquire(plenty));
}

TEST_P(Acquirers, PrintWhoHasThem) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy recursive = manager().RLock();
  EXPECT_EQ(fmt::format("{} {}", lock, recursive), "<Lock(owner=None)> <RLock(None, 0)>");
  recursive.acquire();
  recursive.acquire();
  EXPECT_EQ(fmt::format("{}", recursive),
            fmt::format("<RLock(process {}, 2)>", mp::current_process().pid()));
  EXPECT_EQ(fmt::format("{}", manager().BoundedSemaphore(2)),
            "<BoundedSemaphore(value=2, maxvalue=2)>");
}

TEST_P(Acquirers, SayWhichOfThemTheyAre) {
  const auto is_a = [](const mp::AcquirerProxy& proxy, const std::string& type) {
    return repr(proxy).starts_with("<AcquirerProxy object, typeid '" + type + "' at 0x");
  };
  EXPECT_TRUE(is_a(manager().Lock(), "Lock"));
  EXPECT_TRUE(is_a(manager().RLock(), "RLock"));
  EXPECT_TRUE(is_a(manager().Semaphore(2), "Semaphore"));
  EXPECT_TRUE(is_a(manager().BoundedSemaphore(2), "BoundedSemaphore"));
  const auto locks = manager().list<mp::AcquirerProxy>();
  locks.append(manager().RLock());
  EXPECT_TRUE(is_a(locks.get(0), "RLock"));
}

TEST_P(Acquirers, TravelInOtherObjectsAndAreTheSame) {
  const auto locks = manager().list<mp::AcquirerProxy>();
  const mp::AcquirerProxy lock = manager().Lock();
  locks.append(lock);
  EXPECT_TRUE(locks.get(0) == lock);
  EXPECT_EQ(exitcode_of([locks] { require(locks.get(0).acquire(false)); }), 0);
  EXPECT_TRUE(lock.acquire(plenty));
}

TEST_P(Acquirers, AGuardMayOutliveTheServer) {
  const mp::AcquirerProxy lock = manager().Lock();
  const mp::AcquirerProxy again = manager().RLock();
  const mp::ConditionProxy condition = manager().Condition();
  {
    const std::scoped_lock guard(lock, again, condition);
    const int server = manager().list<int>().apply([](std::vector<int>&) { return getpid(); });
    mp::test::kill_process(server);
    manager().join();
  }
  EXPECT_THROW(lock.release(), std::exception);
  EXPECT_THROW(condition.release(), std::exception);
  EXPECT_THROW(lock.acquire(), std::exception);
}

}  // namespace
