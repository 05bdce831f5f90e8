// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/owned_lock.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;
using test::InArena;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

class OwnedLockTest : public testing::Test {
 protected:
  InArena<OwnedLock> lock_;
};

TEST_F(OwnedLockTest, IsFreeAtFirst) {
  EXPECT_EQ(lock_->owner(), 0U);
  EXPECT_FALSE(lock_->held_by_this_thread());
  EXPECT_FALSE(lock_->release());
}

TEST_F(OwnedLockTest, SaysWhoHoldsIt) {
  EXPECT_EQ(lock_->try_acquire(), Taken::clean);
  EXPECT_EQ(ticket_of_owner(lock_->owner()), this_participant());
  EXPECT_EQ(thread_of_owner(lock_->owner()), thread_number());
  EXPECT_TRUE(lock_->held_by_this_thread());
  std::jthread([this] { EXPECT_FALSE(lock_->held_by_this_thread()); }).join();
  EXPECT_TRUE(lock_->release());
}

TEST_F(OwnedLockTest, IsHeldByOneAtATime) {
  EXPECT_EQ(lock_->acquire(), Taken::clean);
  EXPECT_EQ(lock_->try_acquire(), Taken::no);
  EXPECT_EQ(lock_->acquire(os::at_once), Taken::no);
  const os::Deadline deadline = in(20ms);
  EXPECT_EQ(lock_->acquire(deadline), Taken::no);
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  std::jthread([this] { EXPECT_EQ(lock_->try_acquire(), Taken::no); }).join();
  EXPECT_TRUE(lock_->release());
  EXPECT_EQ(lock_->try_acquire(), Taken::clean);
  lock_->release();
}

TEST_F(OwnedLockTest, AnyThreadOrProcessMayRelease) {
  lock_->acquire();
  std::jthread([this] { EXPECT_TRUE(lock_->release()); }).join();
  EXPECT_EQ(lock_->acquire(), Taken::clean);
  EXPECT_EQ(Child([this] { EXPECT_TRUE(lock_->release()); }).wait(), 0);
  EXPECT_EQ(lock_->owner(), 0U);
  test::notice_deaths();
}

TEST_F(OwnedLockTest, AReleaseWakesASleeper) {
  cures().backstop = false;
  lock_->acquire();
  {
    const std::jthread taker([this] {
      EXPECT_EQ(lock_->acquire(), Taken::clean);
      lock_->release();
    });
    std::this_thread::yield();
    lock_->release();
  }
  cures().backstop = true;
}

TEST_F(OwnedLockTest, WhoOnlyPassesByLeavesTheNoteToTheNextTaker) {
  test::run_and_die([this] { lock_->acquire(); });
  EXPECT_EQ(lock_->acquire(), Taken::from_dead);
  lock_->release_unrepaired();
  EXPECT_EQ(lock_->owner(), 0U);
  EXPECT_FALSE(lock_->was_taken_over()) << "nobody holds it";
  EXPECT_EQ(lock_->try_acquire(), Taken::from_dead);
  EXPECT_TRUE(lock_->was_taken_over());
  lock_->release();
  EXPECT_EQ(lock_->acquire(), Taken::clean);
  lock_->release();
}

TEST_F(OwnedLockTest, PassesFromADeadHolderToTheNextTaker) {
  test::run_and_die([this] { lock_->acquire(); });
  EXPECT_NE(lock_->owner(), 0U);
  EXPECT_EQ(lock_->acquire(), Taken::from_dead);
  EXPECT_EQ(lock_->owner() & OwnedLock::died_flag, OwnedLock::died_flag);
  EXPECT_TRUE(lock_->held_by_this_thread());
  lock_->release();
  EXPECT_EQ(lock_->acquire(), Taken::clean) << "the death has been told once";
  lock_->release();
}

TEST_F(OwnedLockTest, PassesOnAtOnceWhenTheDeathIsKnown) {
  test::run_and_die([this] { lock_->acquire(); });
  test::notice_deaths();
  EXPECT_EQ(lock_->try_acquire(), Taken::from_dead);
  lock_->release();
}

TEST_F(OwnedLockTest, PassesOnAlsoWhenTheNextHolderDiesToo) {
  for (int i = 0; i < 3; ++i) {
    test::run_and_die(
        [this, i] { EXPECT_EQ(lock_->acquire(), i == 0 ? Taken::clean : Taken::from_dead); });
  }
  EXPECT_EQ(lock_->acquire(), Taken::from_dead);
  lock_->release();
}

TEST_F(OwnedLockTest, PassesToASleeperWhenItsHolderIsKilled) {
  test::Gate held;
  Child child([&] {
    lock_->acquire();
    held.open();
    test::wait_to_be_killed();
  });
  held.wait();
  const std::jthread taker([this] {
    EXPECT_EQ(lock_->acquire(in(20s)), Taken::from_dead);
    lock_->release();
  });
  child.kill();
  child.wait();
}

TEST_F(OwnedLockTest, StaysWithAHolderThatIsOnlyStopped) {
  test::Gate held;
  Child child([&] {
    lock_->acquire();
    held.open();
    test::wait_to_be_killed();
  });
  held.wait();
  test::stop_sleeping_process(child.pid());
  EXPECT_EQ(lock_->acquire(in(120ms)), Taken::no);
  child.kill();
  child.wait();
  EXPECT_EQ(lock_->acquire(), Taken::from_dead);
}

TEST_F(OwnedLockTest, AGuardReleases) {
  {
    const OwnedGuard guard(*lock_);
    EXPECT_FALSE(guard.from_dead());
    EXPECT_TRUE(lock_->held_by_this_thread());
  }
  EXPECT_EQ(lock_->owner(), 0U);
  test::run_and_die([this] { lock_->acquire(); });
  const OwnedGuard guard(*lock_);
  EXPECT_TRUE(guard.from_dead());
}

TEST_F(OwnedLockTest, GuardsAPlainVariableAmongThreads) {
  cures().backstop = false;
  int sum = 0;  // no atomic: the lock is the only order
  test::in_threads(6, [&](int) {
    for (int i = 0; i < 5000; ++i) {
      const OwnedGuard guard(*lock_);
      ++sum;
    }
  });
  EXPECT_EQ(sum, 30000);
  cures().backstop = true;
}

TEST_F(OwnedLockTest, GuardsAPlainVariableAmongProcesses) {
  InArena<int> sum;
  const auto add = [&] {
    for (int i = 0; i < 5000; ++i) {
      const OwnedGuard guard(*lock_);
      ++*sum;
    }
  };
  {
    Child first(add);
    Child second(add);
    add();
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(second.wait(), 0);
  }
  EXPECT_EQ(*sum, 15000);
  test::notice_deaths();
}

TEST_F(OwnedLockTest, TimedTakersDoNotSwallowWakeUps) {
  cures().backstop = false;
  std::atomic<int> taken{0};
  test::in_threads(4, [&](int number) {
    for (int i = 0; i < 2000; ++i) {
      const auto limit = number % 2 == 0 ? os::never : in(std::chrono::milliseconds(i % 2));
      if (lock_->acquire(limit) != Taken::no) {
        ++taken;
        lock_->release();
      }
    }
  });
  EXPECT_GE(taken.load(), 4000);
  cures().backstop = true;
}

}  // namespace
}  // namespace multiprocess::detail
