// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/condition.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/serialization.hpp>

#include "support/arena_use.hpp"
#include "support/in_time.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <sstream>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::in_threads;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto plenty = 20s;

static_assert(sizeof(mp::Condition) == sizeof(mp::detail::SharedRef));
static_assert(std::is_nothrow_copy_constructible_v<mp::Condition>, "closures may capture it");
static_assert(mp::sendable<mp::Condition>);
static_assert(!std::is_convertible_v<mp::Lock, mp::Condition>);
static_assert(!std::is_constructible_v<mp::Condition, int>);

/// How many wait on it, as it prints.
int waiting_on(const mp::Condition& condition) {
  const std::string text = fmt::format("{}", condition);
  return std::stoi(text.substr(text.rfind(' ') + 1));
}

void until_waiting(const mp::Condition& condition, int count) {
  mp::test::until([&] {
    const std::scoped_lock guard(condition);
    return waiting_on(condition) == count;
  });
}

TEST(Condition, HasTheLockThatItWasGiven) {
  const mp::Lock lock;
  const mp::Condition condition(lock);
  EXPECT_TRUE(condition.acquire());
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(condition.acquire(false)) << "a Lock is not recursive";
  EXPECT_FALSE(condition.acquire(true, 1ms));
  lock.release();
  EXPECT_THROW(condition.release(), mp::ValueError);
  const mp::RLock recursive;
  const mp::Condition other(recursive);
  EXPECT_TRUE(other.acquire(0s) && other.acquire(false) && recursive.acquire());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(recursive.locked());
    other.release();
  }
  EXPECT_THROW(other.release(), mp::AssertionError);
  EXPECT_FALSE(other.owner_died() || condition.owner_died());
}

TEST(Condition, WaitAndNotifyNeedTheLock) {
  for (const mp::Condition& condition :
       {mp::Condition(), mp::Condition(mp::Lock()), mp::Condition(mp::RLock())}) {
    EXPECT_THROW(condition.wait(), mp::AssertionError);
    EXPECT_THROW(condition.wait(0s), mp::AssertionError);
    EXPECT_THROW(condition.notify(), mp::AssertionError);
    EXPECT_THROW(condition.notify(2), mp::AssertionError);
    EXPECT_THROW(condition.notify_all(), mp::AssertionError);
    EXPECT_THROW(condition.wait_for([] { return false; }), mp::AssertionError);
    const std::scoped_lock guard(condition);
    std::jthread([&] { EXPECT_THROW(condition.notify(), mp::AssertionError); }).join();
    condition.notify();
  }
}

TEST(Condition, WaitGivesUpAtTheTimeout) {
  const mp::Condition condition;
  const std::scoped_lock guard(condition);
  EXPECT_FALSE(condition.wait(0s));
  EXPECT_FALSE(condition.wait(-1s));
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return condition.wait(time); }));
}

TEST(Condition, NotifyingNobodyIsNotRemembered) {
  const mp::Condition condition;
  const std::scoped_lock guard(condition);
  condition.notify();
  condition.notify_all();
  EXPECT_FALSE(condition.wait(1ms));
}

TEST(Condition, WaitFreesAllLevelsAndTakesThemAgain) {
  const mp::RLock lock;
  const mp::Condition condition(lock);
  lock.acquire();
  condition.acquire();
  lock.acquire();
  {
    const std::jthread notifier([&] {
      const std::scoped_lock guard(condition);
      condition.notify();
    });
    EXPECT_TRUE(condition.wait(plenty));
  }
  EXPECT_EQ(fmt::format("{}", lock), "<RLock(MainProcess, 3)>");
  EXPECT_FALSE(condition.wait(1ms));
  EXPECT_EQ(fmt::format("{}", lock), "<RLock(MainProcess, 3)>");
  for (int i = 0; i < 3; ++i) {
    lock.release();
  }
  EXPECT_FALSE(lock.locked());
}

TEST(Condition, NotifyWakesThoseWhoHaveWaitedLongest) {
  const mp::Condition condition;
  std::vector<std::jthread> waiters;
  std::set<int> woken;
  for (int i = 0; i < 5; ++i) {
    waiters.emplace_back([&, i] {
      const std::scoped_lock guard(condition);
      EXPECT_TRUE(condition.wait(plenty));
      woken.insert(i);
    });
    until_waiting(condition, i + 1);
  }
  const auto notify = [&](int count, const std::set<int>& expected) {
    {
      const std::scoped_lock guard(condition);
      condition.notify(count);
    }
    mp::test::until([&] {
      const std::scoped_lock guard(condition);
      return woken.size() >= expected.size();
    });
    const std::scoped_lock guard(condition);
    EXPECT_EQ(woken, expected);
  };
  notify(0, {});
  notify(-3, {});
  notify(1, {0});
  notify(2, {0, 1, 2});
  EXPECT_EQ(waiting_on(condition), 2);
  notify(9, {0, 1, 2, 3, 4});
  EXPECT_EQ(waiting_on(condition), 0);
}

TEST(Condition, NotifyAllWakesAll) {
  const mp::Condition condition(mp::Lock{});
  std::atomic<int> woken{0};
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 12; ++i) {  // more than fit beside the condition
    waiters.emplace_back([&] {
      const std::scoped_lock guard(condition);
      woken += condition.wait(plenty) ? 1 : 0;
    });
  }
  until_waiting(condition, 12);
  {
    const std::scoped_lock guard(condition);
    condition.notify_all();
  }
  waiters.clear();
  EXPECT_EQ(woken, 12);
}

TEST(Condition, WaitForTestsFirstAndReturnsTheLastAnswer) {
  const mp::Condition condition;
  EXPECT_TRUE(condition.wait_for([] { return true; })) << "without waiting, so without the lock";
  const std::scoped_lock guard(condition);
  int tests = 0;
  EXPECT_FALSE(condition.wait_for([&] { return ++tests > 5; }, 0s));
  EXPECT_FALSE(condition.wait_for([&] { return ++tests > 5; }, -1s));
  EXPECT_EQ(tests, 2) << "one test each";
  EXPECT_TRUE(condition.wait_for([&] { return ++tests == 4; }, 1ms));
  EXPECT_EQ(tests, 4);
  EXPECT_TRUE(mp::test::gives_up_in_time(
      [&](auto time) { return condition.wait_for([] { return false; }, time); }));
  EXPECT_THROW(condition.wait_for([]() -> bool { throw mp::KeyError("x"); }), mp::KeyError);
}

TEST(Condition, WaitForWaitsUntilItIsTrue) {
  const mp::Condition condition;
  int number = 0;
  const std::jthread counter([&] {
    for (int i = 0; i < 20; ++i) {
      const std::scoped_lock guard(condition);
      ++number;
      condition.notify_all();
    }
  });
  const std::scoped_lock guard(condition);
  EXPECT_TRUE(condition.wait_for([&] { return number == 20; }, plenty));
}

TEST(Condition, PassesABall) {
  const mp::Condition condition(mp::Lock{});
  int turn = 0;
  in_threads(3, [&](int number) {
    for (int i = 0; i < 500; ++i) {
      const std::scoped_lock guard(condition);
      ASSERT_TRUE(condition.wait_for([&] { return turn % 3 == number; }, plenty));
      ++turn;
      condition.notify_all();
    }
  });
  EXPECT_EQ(turn, 1500);
}

TEST(Condition, EachNotificationWakesOne) {
  const mp::Condition condition;
  constexpr int all = 2000;
  int made = 0;
  int taken = 0;
  in_threads(5, [&](int number) {
    const auto begin = Clock::now();
    while (true) {
      const std::scoped_lock guard(condition);
      if (number == 0) {
        if (taken == all) {
          condition.notify_all();
          return;
        }
        if (made < all && waiting_on(condition) > 0) {
          ++made;
          condition.notify();
        }
      } else {
        if (taken == all) {
          return;
        }
        taken += condition.wait(1s) && taken < made ? 1 : 0;
        ASSERT_LE(taken, made) << "a wake-up out of nothing";
      }
      ASSERT_LT(Clock::now() - begin, plenty);
    }
  });
  EXPECT_EQ(taken, all);
}

TEST(Condition, IsAStdLockable) {
  const mp::Condition first;
  const mp::Condition second(mp::Lock{});
  {
    const std::scoped_lock both(first, second);
    EXPECT_FALSE(second.try_lock());
  }
  std::unique_lock guard(second, std::defer_lock);
  EXPECT_TRUE(guard.try_lock_for(1ms));
  EXPECT_FALSE(second.try_lock_until(Clock::now() + 1ms));
  guard.unlock();
  std::lock(first, second);
  first.unlock();
  second.unlock();
}

TEST(Condition, CopiesAreTheSameCondition) {
  const mp::Lock lock;
  const mp::Condition condition(lock);
  const mp::Condition copy = condition;
  EXPECT_EQ(copy, condition);
  EXPECT_NE(mp::Condition(lock), condition);
  const std::scoped_lock guard(copy);
  condition.notify();
}

TEST(Condition, PrintsAsPythonDoes) {
  const mp::Condition condition;
  EXPECT_EQ(fmt::format("{}", condition), "<Condition(<RLock(None, 0)>), 0>");
  const mp::Condition plain(mp::Lock{});
  plain.acquire();
  std::ostringstream stream;
  stream << plain;
  EXPECT_EQ(stream.str(), "<Condition(<Lock(owner=MainProcess)>), 0>");
  plain.release();
  std::jthread waiter([&] {
    const std::scoped_lock guard(condition);
    condition.wait(plenty);
  });
  until_waiting(condition, 1);
  const std::scoped_lock guard(condition);
  EXPECT_EQ(fmt::format("{}", condition), "<Condition(<RLock(MainProcess, 1)>), 1>");
  condition.notify_all();
}

TEST(Condition, CannotBeStored) {
  EXPECT_THROW(mp::dumps(mp::Condition()), mp::RuntimeError);
}

TEST(Condition, KeepsItsLockAndLeavesNothing) {
  const auto before = mp::test::use_now();
  {
    std::vector<mp::Condition> conditions;
    {
      const mp::Lock lock;
      conditions.emplace_back(lock);
      conditions.emplace_back(lock);
      conditions.emplace_back();
    }
    EXPECT_EQ(mp::test::use_now().objects, before.objects + 5);
    const std::scoped_lock guard(conditions[0]);
    EXPECT_FALSE(conditions[1].acquire(false));
    in_threads(8, [&](int) {
      const std::scoped_lock own(conditions[2]);
      conditions[2].wait(5ms);
    });
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

}  // namespace
