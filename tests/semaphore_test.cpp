// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/semaphore.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/serialization.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <sstream>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::Child;
using mp::test::in_threads;
using Clock = std::chrono::steady_clock;

namespace {

static_assert(sizeof(mp::BoundedSemaphore) == sizeof(mp::detail::SharedRef));
static_assert(std::is_nothrow_copy_constructible_v<mp::Semaphore>, "closures may capture it");
static_assert(mp::sendable<mp::Semaphore> && mp::sendable<mp::BoundedSemaphore>);
static_assert(std::is_convertible_v<mp::BoundedSemaphore, mp::Semaphore>);
static_assert(!std::is_convertible_v<int, mp::Semaphore>);
static_assert(!std::is_constructible_v<mp::Semaphore, bool>);
static_assert(!std::is_constructible_v<mp::Semaphore, double>);

TEST(Semaphore, HasOneUnitUnlessToldOtherwise) {
  EXPECT_EQ(mp::Semaphore().get_value(), 1);
  EXPECT_EQ(mp::Semaphore(0).get_value(), 0);
  EXPECT_EQ(mp::Semaphore(7u).get_value(), 7);
  EXPECT_EQ(mp::BoundedSemaphore().get_value(), 1);
  EXPECT_EQ(mp::BoundedSemaphore(std::size_t{3}).get_value(), 3);
}

TEST(Semaphore, BadNumbersAreValueErrors) {
  constexpr int most = std::numeric_limits<int>::max();
  EXPECT_EQ(mp::Semaphore(most).get_value(), most);
  EXPECT_THROW(mp::Semaphore(-1), mp::ValueError);
  EXPECT_THROW(mp::Semaphore(most + 1LL), mp::ValueError);
  EXPECT_THROW(mp::Semaphore(~std::size_t{0}), mp::ValueError);
  EXPECT_THROW(mp::BoundedSemaphore(-1), mp::ValueError);
  EXPECT_THROW(mp::BoundedSemaphore(most + 1LL), mp::ValueError);
}

TEST(Semaphore, GivesAsManyUnitsAsItHas) {
  const mp::Semaphore semaphore(3);
  for (int left = 2; left >= 0; --left) {
    EXPECT_FALSE(semaphore.locked());
    EXPECT_TRUE(semaphore.acquire());
    EXPECT_EQ(semaphore.get_value(), left);
  }
  EXPECT_TRUE(semaphore.locked());
  EXPECT_FALSE(semaphore.acquire(false));
  EXPECT_FALSE(semaphore.acquire(false, 20s)) << "the timeout is ignored, as in Python";
  EXPECT_FALSE(semaphore.acquire(-1s));
  EXPECT_FALSE(semaphore.acquire(true, 1ms));
  semaphore.release();
  EXPECT_TRUE(semaphore.acquire(0s));
}

TEST(Semaphore, AcquireGivesUpAtTheTimeout) {
  const mp::Semaphore semaphore(0);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return semaphore.acquire(time); }));
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return semaphore.try_lock_for(time); }));
}

TEST(Semaphore, MayHaveMoreThanAtFirst) {
  const mp::Semaphore semaphore(0);
  for (int i = 1; i <= 5; ++i) {
    semaphore.release();
    EXPECT_EQ(semaphore.get_value(), i);
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(semaphore.acquire(false));
  }
  EXPECT_FALSE(semaphore.acquire(false));
}

TEST(Semaphore, OneReleaseTooManyIsAnError) {
  const mp::Semaphore full(std::numeric_limits<int>::max());
  EXPECT_THROW(full.release(), mp::ValueError);
  EXPECT_TRUE(full.acquire(false));
  full.release();
  const mp::BoundedSemaphore bounded(2);
  EXPECT_THROW(bounded.release(), mp::ValueError);
  EXPECT_TRUE(bounded.acquire());
  bounded.release();
  EXPECT_THROW(bounded.unlock(), mp::ValueError);
  const mp::Semaphore as_any = bounded;
  EXPECT_THROW(as_any.release(), mp::ValueError) << "it is the same semaphore";
  EXPECT_EQ(as_any, bounded);
  EXPECT_EQ(bounded.get_value(), 2);
}

TEST(Semaphore, ABoundHoldsAmongThreads) {
  const mp::BoundedSemaphore semaphore(1);
  std::atomic<int> taken{0};
  std::atomic<int> refused{0};
  in_threads(4, [&](int) {
    for (int i = 0; i < 2000; ++i) {
      taken += semaphore.acquire(false) ? 1 : 0;
      try {
        semaphore.release();
        --taken;
      } catch (const mp::ValueError&) {
        ++refused;
      }
      ASSERT_LE(semaphore.get_value(), 1);
    }
  });
  EXPECT_EQ(semaphore.get_value() + taken, 1);
}

TEST(Semaphore, AReleaseWakesAWaiter) {
  const mp::Semaphore semaphore(0);
  std::atomic<int> got{0};
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 4; ++i) {
      waiters.emplace_back([&] { got += semaphore.acquire(20s) ? 1 : 0; });
    }
    for (int i = 0; i < 4; ++i) {
      semaphore.release();
    }
  }
  EXPECT_EQ(got, 4);
  EXPECT_TRUE(semaphore.locked());
}

TEST(Semaphore, AtMostSoManyAreInside) {
  const mp::Semaphore semaphore(3);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  in_threads(6, [&, semaphore](int) {
    for (int i = 0; i < 2000; ++i) {
      const std::scoped_lock guard(semaphore);
      const int now = ++inside;
      int before = most;
      while (before < now && !most.compare_exchange_weak(before, now)) {
      }
      --inside;
    }
  });
  EXPECT_LE(most, 3);
  EXPECT_EQ(semaphore.get_value(), 3);
}

TEST(Semaphore, IsAStdLockable) {
  const mp::Semaphore first;
  const mp::BoundedSemaphore second(2);
  {
    const std::scoped_lock both(first, second);
    EXPECT_EQ(first.get_value(), 0);
    EXPECT_EQ(second.get_value(), 1);
  }
  std::unique_lock guard(first, std::defer_lock);
  EXPECT_TRUE(guard.try_lock());
  guard.unlock();
  EXPECT_TRUE(guard.try_lock_for(1ms));
  EXPECT_FALSE(first.try_lock_until(Clock::now() + 1ms));
  EXPECT_EQ(std::try_lock(second, first), 1);
  guard.unlock();
  std::lock(first, second);
  first.unlock();
  second.unlock();
}

TEST(Semaphore, WorksWithAConditionVariable) {
  const mp::Semaphore semaphore;
  std::condition_variable_any changed;
  int turn = 0;
  in_threads(2, [&](int number) {
    for (int i = 0; i < 200; ++i) {
      std::unique_lock guard(semaphore);
      changed.wait(guard, [&] { return turn % 2 == number; });
      ++turn;
      changed.notify_all();
    }
  });
  EXPECT_EQ(turn, 400);
}

TEST(Semaphore, CopiesAreTheSameSemaphore) {
  const mp::Semaphore semaphore(2);
  mp::Semaphore copy = semaphore;
  EXPECT_EQ(copy, semaphore);
  EXPECT_NE(copy, mp::Semaphore(2));
  copy.acquire();
  EXPECT_EQ(semaphore.get_value(), 1);
  copy = mp::Semaphore(5);
  EXPECT_EQ(copy.get_value(), 5);
}

TEST(Semaphore, AForkedChildTakesAndGivesUnits) {
  const mp::Semaphore semaphore(2);
  semaphore.acquire();
  EXPECT_EQ(Child([&semaphore] {
              semaphore.release();  // its parent's
              EXPECT_TRUE(semaphore.acquire(false) && semaphore.acquire(false));
              EXPECT_FALSE(semaphore.acquire(false));
              semaphore.release();
              semaphore.release();
            }).wait(),
            0);
  mp::test::notice_deaths();
  EXPECT_EQ(semaphore.get_value(), 2);
}

TEST(Semaphore, PrintsAsPythonDoes) {
  const mp::Semaphore semaphore(4);
  semaphore.acquire();
  EXPECT_EQ(fmt::format("{}", semaphore), "<Semaphore(value=3)>");
  const mp::BoundedSemaphore bounded(4);
  bounded.acquire();
  std::ostringstream stream;
  stream << bounded;
  EXPECT_EQ(stream.str(), "<BoundedSemaphore(value=3, maxvalue=4)>");
}

TEST(Semaphore, CannotBeStored) {
  EXPECT_THROW(mp::dumps(mp::Semaphore()), mp::RuntimeError);
}

TEST(Semaphore, ManyLeaveNothing) {
  const auto before = mp::test::use_now();
  {
    std::vector<mp::Semaphore> semaphores;
    for (int i = 0; i < 1000; ++i) {
      semaphores.emplace_back(1).acquire();
    }
    EXPECT_EQ(mp::test::use_now().objects, before.objects + 1000);
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
}

TEST(Semaphore, HandlesAreMadeCopiedAndDroppedByThreads) {
  const mp::Semaphore shared(100);
  in_threads(4, [&shared](int) {
    std::vector<mp::Semaphore> semaphores;
    for (int i = 0; i < 300; ++i) {
      semaphores.push_back(i % 3 == 0 ? mp::Semaphore() : shared);
      { const std::scoped_lock guard(semaphores.back()); }
      if (i % 50 == 49) {
        semaphores.clear();
      }
    }
  });
  EXPECT_EQ(shared.get_value(), 100);
}

}  // namespace
