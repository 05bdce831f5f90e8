// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/condition_proxy.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/manager.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/managers.hpp"
#include "support/signals.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;
using mp::test::until;

namespace {

class ConditionProxies : public mp::test::OneManager {
 protected:
  static void until_waiting(const mp::ConditionProxy& condition, int count) {
    const std::string wanted = fmt::format(" {}>", count);
    until([&] { return fmt::format("{}", condition).ends_with(wanted); });
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(ConditionProxies);

TEST_P(ConditionProxies, NeedTheirLock) {
  const mp::ConditionProxy condition = manager().Condition();
  EXPECT_THROW(condition.wait(), mp::AssertionError);
  EXPECT_THROW(condition.notify(), mp::AssertionError);
  EXPECT_THROW(condition.notify_all(), mp::AssertionError);
  EXPECT_THROW(condition.release(), mp::AssertionError);
}

TEST_P(ConditionProxies, WakeThoseWhoHaveWaitedLongest) {
  const mp::ConditionProxy condition = manager().Condition();
  const auto woken = manager().Queue<int>();
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start([condition, woken, i] {
      const std::scoped_lock guard(condition);
      require(condition.wait());
      woken.put(i);
    }));
    until_waiting(condition, i + 1);
  }
  {
    const std::scoped_lock guard(condition);
    condition.notify();
    EXPECT_FALSE(woken.try_get());
  }
  EXPECT_EQ(woken.get(plenty), 0);
  {
    const std::scoped_lock guard(condition);
    condition.notify(5);
  }
  EXPECT_EQ(woken.get(plenty), 1);
  EXPECT_EQ(woken.get(plenty), 2);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
  }
}

TEST_P(ConditionProxies, WaitFreesAllLevelsAndTakesThemAgain) {
  const mp::ConditionProxy condition = manager().Condition();
  condition.acquire();
  condition.acquire();
  std::thread other([condition] {
    const std::scoped_lock guard(condition);
    condition.notify_all();
  });
  EXPECT_TRUE(condition.wait(plenty));
  other.join();
  EXPECT_TRUE(fmt::format("{}", condition).ends_with(", 2)>), 0>"));
  condition.release();
  condition.release();
  EXPECT_THROW(condition.release(), mp::AssertionError);
}

TEST_P(ConditionProxies, GiveUpInTime) {
  const mp::ConditionProxy condition = manager().Condition();
  const std::scoped_lock guard(condition);
  EXPECT_FALSE(condition.wait(0s));
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return condition.wait(time); }));
  EXPECT_TRUE(mp::test::gives_up_in_time(
      [&](auto time) { return condition.wait_for([] { return false; }, time); }));
}

TEST_P(ConditionProxies, WaitForAPredicateThatIsCalledHere) {
  const mp::ConditionProxy condition = manager().Condition();
  const auto values = manager().list<int>({0});
  mp::Process process = start([condition, values] {
    for (int i = 1; i <= 3; ++i) {
      const std::scoped_lock guard(condition);
      values.set(0, i);
      condition.notify_all();
    }
  });
  {
    const std::scoped_lock guard(condition);
    EXPECT_TRUE(condition.wait_for([&] { return values.get(0) == 3; }, plenty));
    EXPECT_FALSE(condition.wait_for([] { return false; }, 0s));
  }
  EXPECT_TRUE(process.join(plenty));
}

TEST_P(ConditionProxies, UseALockThatOthersUse) {
  for (const mp::AcquirerProxy& lock : {manager().Lock(), manager().RLock()}) {
    const mp::ConditionProxy condition = manager().Condition(lock);
    const mp::ConditionProxy other = manager().Condition(lock);
    lock.acquire();
    EXPECT_FALSE(condition.wait(10ms));
    std::thread thread([condition, other] {
      const std::scoped_lock guard(other);
      condition.notify();
    });
    EXPECT_TRUE(condition.wait(plenty));
    thread.join();
    EXPECT_TRUE(lock.locked());
    condition.release();
    EXPECT_FALSE(lock.locked());
  }
  EXPECT_THROW(manager().Condition(manager().Semaphore(1)), mp::TypeError);
}

TEST_P(ConditionProxies, AKilledWaiterTakesNoNotificationWithIt) {
  const mp::ConditionProxy condition = manager().Condition();
  std::vector<mp::Process> processes;
  for (int i = 0; i < 2; ++i) {
    processes.push_back(start([condition] {
      const std::scoped_lock guard(condition);
      require(condition.wait(plenty));
    }));
    until_waiting(condition, i + 1);
  }
  {
    const std::scoped_lock guard(condition);
    condition.notify();  // it waits for the lock now
    processes[0].kill();
    processes[0].join(plenty);
    until_waiting(condition, 0);
  }
  EXPECT_TRUE(processes[1].join(plenty));
  EXPECT_EQ(processes[1].exitcode(), 0);
}

TEST_P(ConditionProxies, AKilledHolderPassesTheLockOn) {
  const mp::ConditionProxy condition = manager().Condition();
  EXPECT_EQ(exitcode_of([condition] {
              condition.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_TRUE(condition.acquire(plenty));
  EXPECT_TRUE(condition.owner_died());
  condition.release();
}

}  // namespace
