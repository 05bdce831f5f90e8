// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::Child;
using mp::test::in_threads;
using mp::test::plenty;
using Clock = std::chrono::steady_clock;

namespace {

static_assert(sizeof(mp::RLock) == sizeof(mp::detail::SharedRef));
static_assert(std::is_nothrow_copy_constructible_v<mp::RLock>, "closures may capture it");
static_assert(mp::sendable<mp::RLock>);
static_assert(!std::is_constructible_v<mp::RLock, int>);
static_assert(!std::is_convertible_v<mp::RLock, mp::Lock>);

/// What another thread gets.
bool another_gets(const mp::RLock& lock, mp::Timeout timeout = 0s) {
  bool got = false;
  std::jthread([&] {
    got = lock.acquire(timeout);
    if (got) {
      lock.release();
    }
  }).join();
  return got;
}

TEST(RLock, IsTakenAndFreed) {
  const mp::RLock lock;
  EXPECT_FALSE(lock.locked());
  EXPECT_TRUE(lock.acquire());
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(lock.owner_died());
  lock.release();
  EXPECT_FALSE(lock.locked());
}

TEST(RLock, IsFreeWhenItWasReleasedAsOftenAsTaken) {
  const mp::RLock lock;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(lock.acquire());
    EXPECT_TRUE(lock.acquire(false));
    EXPECT_TRUE(lock.acquire(true, 1s));
    EXPECT_TRUE(lock.acquire(-1s));
    for (int k = 0; k < 3; ++k) {
      lock.release();
      EXPECT_TRUE(lock.locked());
      EXPECT_FALSE(another_gets(lock));
    }
    lock.release();
    EXPECT_FALSE(lock.locked());
    EXPECT_TRUE(another_gets(lock));
  }
}

TEST(RLock, IsReleasedByItsOwnerOnly) {
  const mp::RLock lock;
  EXPECT_THROW(lock.release(), mp::AssertionError);
  EXPECT_THROW(lock.unlock(), mp::AssertionError);
  lock.acquire();
  std::jthread([&lock] { EXPECT_THROW(lock.release(), mp::AssertionError); }).join();
  EXPECT_EQ(Child([&lock] { EXPECT_THROW(lock.release(), mp::AssertionError); }).wait(), 0);
  mp::test::notice_deaths();
  EXPECT_TRUE(lock.locked());
  lock.release();
  EXPECT_THROW(lock.release(), mp::AssertionError);
  EXPECT_TRUE(lock.acquire(false)) << "the errors changed nothing";
  lock.release();
}

TEST(RLock, OthersWaitAtMostUntilTheTimeout) {
  const mp::RLock lock;
  lock.acquire();
  const auto begin = Clock::now();
  EXPECT_FALSE(another_gets(lock, 20ms));
  EXPECT_GE(Clock::now() - begin, 20ms);
  EXPECT_FALSE(another_gets(lock, -1s));
  lock.release();
  EXPECT_TRUE(another_gets(lock, std::chrono::hours::max()));
}

TEST(RLock, AForkedChildHoldsNothing) {
  const mp::RLock lock;
  lock.acquire();
  lock.acquire();
  EXPECT_EQ(Child([&lock] { EXPECT_FALSE(lock.acquire(false)); }).wait(), 0);
  mp::test::notice_deaths();
  lock.release();
  lock.release();
  EXPECT_EQ(Child([&lock] { EXPECT_TRUE(lock.acquire(false)); }).wait(), 0);
  mp::test::notice_deaths();
}

TEST(RLock, CopiesAreTheSameLock) {
  const mp::RLock lock;
  mp::RLock copy = lock;
  EXPECT_EQ(copy, lock);
  EXPECT_NE(copy, mp::RLock());
  copy.acquire();
  EXPECT_TRUE(lock.locked());
  lock.release();
}

TEST(RLock, IsAStdLockable) {
  const mp::RLock first;
  const mp::RLock second;
  {
    const std::scoped_lock both(first, second);
    const std::scoped_lock again(second, first);
    EXPECT_FALSE(another_gets(first) || another_gets(second));
  }
  std::unique_lock guard(first, std::defer_lock);
  EXPECT_TRUE(guard.try_lock());
  guard.unlock();
  EXPECT_TRUE(guard.try_lock_for(1ms));
  const std::unique_lock late(second, Clock::now() + 1ms);
  EXPECT_TRUE(late.owns_lock());
  EXPECT_EQ(std::try_lock(first, second), -1);
  first.unlock();
  second.unlock();
}

TEST(RLock, GuardsAPlainVariableAmongThreads) {
  const mp::RLock lock;
  int sum = 0;
  in_threads(6, [&sum, lock](int) {
    for (int i = 0; i < 2000; ++i) {
      const std::scoped_lock guard(lock);
      const std::scoped_lock again(lock);
      ++sum;
    }
  });
  EXPECT_EQ(sum, 12000);
}

TEST(RLock, WorksWithAConditionVariable) {
  const mp::RLock lock;
  std::condition_variable_any changed;
  int turn = 0;
  in_threads(2, [&](int number) {
    for (int i = 0; i < 200; ++i) {
      std::unique_lock guard(lock);
      changed.wait(guard, [&] { return turn % 2 == number; });
      ++turn;
      changed.notify_all();
    }
  });
  EXPECT_EQ(turn, 400);
}

TEST(RLock, PrintsItsOwnerAndDepthAsPythonDoes) {
  const mp::RLock lock;
  EXPECT_EQ(fmt::format("{}", lock), "<RLock(None, 0)>");
  lock.acquire();
  lock.acquire();
  EXPECT_EQ(fmt::format("{}", lock), "<RLock(MainProcess, 2)>");
  std::jthread([&lock] {
    EXPECT_EQ(fmt::format("{}", lock), "<RLock(SomeOtherThread, nonzero)>");
  }).join();
  Child child(
      [&lock] { EXPECT_EQ(fmt::format("{}", lock), "<RLock(SomeOtherProcess, nonzero)>"); });
  EXPECT_EQ(child.wait(), 0);
  mp::test::notice_deaths();
  lock.release();
  lock.release();
  std::jthread([&lock] {
    lock.acquire();
    const std::string text = fmt::format("{}", lock);
    EXPECT_TRUE(text.starts_with("<RLock(MainProcess|Thread-") && text.ends_with(", 1)>")) << text;
    lock.release();
  }).join();
  EXPECT_EQ(fmt::format("{}", lock), "<RLock(None, 0)>");
}

TEST(RLock, CannotBeStored) {
  EXPECT_THROW(mp::dumps(mp::RLock()), mp::RuntimeError);
}

class RLockProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(RLockProcesses);

/// A sum that only the lock keeps right.
void count(const mp::RLock& lock, const mp::Queue<int>& cell, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const std::scoped_lock guard(lock);
    const std::scoped_lock again(lock);
    cell.put_nowait(cell.get_nowait() + 1);
  }
}

TEST_P(RLockProcesses, GuardsWhatTheyShare) {
  const mp::RLock lock;
  const mp::Queue<int> cell(1);
  cell.put(0);
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start(&count, lock, cell, 300));
  }
  count(lock, cell, 300);
  for (mp::Process& process : processes) {
    process.join(plenty);
    EXPECT_EQ(process.exitcode(), 0);
  }
  EXPECT_EQ(cell.get(), 1200);
}

TEST_P(RLockProcesses, TravelsAsArgumentCaptureAndItem) {
  const mp::Queue<mp::RLock> queue;
  const mp::RLock captured;
  const mp::RLock item;
  queue.put(item);
  EXPECT_EQ(exitcode_of(
                [captured, queue, item](const std::vector<mp::RLock>& more) {
                  mp::test::require(queue.get(plenty) == item);
                  mp::test::require(captured.acquire(false) && !more.at(1).acquire(false));
                  captured.release();
                },
                [] {
                  std::vector<mp::RLock> locks(2);
                  locks[1].acquire();
                  return locks;
                }()),
            0);
}

TEST_P(RLockProcesses, ADeadHolderPassesItOn) {
  const mp::RLock lock;
  EXPECT_EQ(exitcode_of([lock] {
              lock.acquire();
              lock.acquire();
              lock.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_TRUE(lock.locked());
  EXPECT_TRUE(lock.acquire(plenty));
  EXPECT_TRUE(lock.owner_died());
  EXPECT_TRUE(lock.acquire(false));
  EXPECT_EQ(fmt::format("{}", lock), "<RLock(MainProcess, 2)>") << "the dead one's count is gone";
  lock.release();
  EXPECT_TRUE(lock.owner_died()) << "until the last release";
  lock.release();
  EXPECT_FALSE(lock.owner_died() || lock.locked());
  EXPECT_TRUE(lock.acquire(false));
  EXPECT_FALSE(lock.owner_died());
  lock.release();
}

TEST_P(RLockProcesses, ADeathWakesWhoWaits) {
  const mp::RLock lock;
  const mp::Queue<int> held;
  mp::Process holder = start([lock, held] {
    lock.acquire();
    held.put(1);
    mp::test::wait_to_be_killed();
  });
  held.get(plenty);
  mp::Process killer = start([pid = holder.pid()] { multiprocess::test::kill_process(pid); });
  EXPECT_TRUE(lock.acquire(plenty));
  EXPECT_TRUE(lock.owner_died());
  lock.release();
  killer.join(plenty);
  holder.join(plenty);
}

TEST_P(RLockProcesses, AStoppedHolderIsNotRobbed) {
  if (!multiprocess::test::can_stop_processes) {
    GTEST_SKIP() << "needs to stop a process";
  }
  const mp::RLock lock;
  const mp::Queue<int> held;
  mp::Process holder = start([lock, held] {
    const std::scoped_lock guard(lock);
    held.put(1);
    multiprocess::test::stop_process(getpid());
  });
  held.get(plenty);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return lock.acquire(time); }));
  do {
    multiprocess::test::resume_process(holder.pid());  // it may stop only now
  } while (!holder.join(500ms));
  EXPECT_TRUE(lock.acquire(false));
  EXPECT_FALSE(lock.owner_died());
  lock.release();
}

TEST_P(RLockProcesses, LeaveNoObjects) {
  const auto objects = [] { return mp::test::use_now().objects; };
  const std::uint64_t before = objects();
  {
    const mp::RLock lock;
    EXPECT_EQ(exitcode_of([lock](const std::vector<mp::RLock>& more) { more.at(1).acquire(); },
                          std::vector<mp::RLock>(3)),
              0);
  }
  EXPECT_EQ(objects(), before);
}

}  // namespace
