// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <ratio>
#include <sstream>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::Child;
using mp::test::in_threads;
using mp::test::plenty;
using Clock = std::chrono::steady_clock;

namespace {

static_assert(std::is_nothrow_copy_constructible_v<mp::Lock>, "closures may capture it");
static_assert(mp::sendable<mp::Lock>);
static_assert(!std::is_constructible_v<mp::Lock, int>);

template <class... Args>
concept Acquires = requires(const mp::Lock lock, Args... args) {
  lock.acquire(args...);
};
static_assert(Acquires<std::chrono::seconds> && Acquires<bool> && Acquires<bool, mp::Timeout>);
static_assert(!Acquires<int> && !Acquires<bool, int> && !Acquires<const char*>);

TEST(Lock, IsTakenAndFreed) {
  const mp::Lock lock;
  EXPECT_FALSE(lock.locked());
  EXPECT_TRUE(lock.acquire());
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(lock.owner_died());
  lock.release();
  EXPECT_FALSE(lock.locked());
}

TEST(Lock, AcquireDoesNotBlockWhenToldSo) {
  const mp::Lock lock;
  EXPECT_TRUE(lock.acquire(false));
  EXPECT_FALSE(lock.acquire(false));
  EXPECT_FALSE(lock.acquire(false, 20s)) << "the timeout is ignored, as in Python";
  EXPECT_FALSE(lock.acquire(false, mp::forever));
  EXPECT_FALSE(lock.try_lock());
  lock.release();
}

TEST(Lock, AcquireGivesUpAtTheTimeout) {
  const mp::Lock lock;
  lock.acquire();
  const auto begin = Clock::now();
  EXPECT_FALSE(lock.acquire(20ms));
  EXPECT_FALSE(lock.acquire(true, 0.02s));
  EXPECT_GE(Clock::now() - begin, 40ms);
  lock.release();
}

TEST(Lock, ATimeoutThatIsOverIsATry) {
  const mp::Lock lock;
  EXPECT_TRUE(lock.acquire(-1s));
  EXPECT_FALSE(lock.acquire(-1s));
  EXPECT_FALSE(lock.acquire(0s));
  EXPECT_FALSE(lock.acquire(true, std::chrono::nanoseconds::min()));
  EXPECT_FALSE(lock.try_lock_for(-5h));
  lock.release();
}

TEST(Lock, AHugeTimeoutIsForEver) {
  const mp::Lock lock;
  EXPECT_TRUE(lock.acquire(std::chrono::hours::max()));
  {
    const std::jthread freer([&lock] { lock.release(); });
    EXPECT_TRUE(lock.acquire(std::chrono::duration<double>(1e300)));
  }
  lock.release();
  EXPECT_THROW(lock.acquire(std::chrono::duration<double>(std::nan(""))), mp::ValueError);
}

TEST(Lock, ReleaseOfAFreeLockIsAnError) {
  const mp::Lock lock;
  EXPECT_THROW(lock.release(), mp::ValueError);
  lock.acquire();
  lock.release();
  EXPECT_THROW(lock.release(), mp::ValueError);
  EXPECT_THROW(lock.unlock(), mp::ValueError);
  EXPECT_TRUE(lock.acquire(false)) << "the error changed nothing";
  lock.release();
}

TEST(Lock, AnyThreadMayRelease) {
  const mp::Lock lock;
  lock.acquire();
  std::jthread([&lock] { lock.release(); }).join();
  EXPECT_TRUE(lock.acquire(false));
  lock.release();
}

TEST(Lock, AForkedChildMayReleaseWhatItsParentHolds) {
  const mp::Lock lock;
  lock.acquire();
  EXPECT_EQ(Child([&lock] { lock.release(); }).wait(), 0);
  EXPECT_FALSE(lock.locked());
  mp::test::notice_deaths();
}

TEST(Lock, CopiesAreTheSameLock) {
  const mp::Lock lock;
  mp::Lock copy = lock;
  EXPECT_EQ(copy, lock);
  EXPECT_NE(copy, mp::Lock());
  copy.acquire();
  EXPECT_TRUE(lock.locked());
  const mp::Lock moved = std::move(copy);
  EXPECT_EQ(moved, lock);
  moved.release();
  copy = mp::Lock();
  EXPECT_NE(copy, lock);
}

TEST(Lock, IsAStdLockable) {
  const mp::Lock first;
  const mp::Lock second;
  {
    const std::scoped_lock both(first, second);
    EXPECT_TRUE(first.locked() && second.locked());
  }
  std::unique_lock guard(first, std::defer_lock);
  EXPECT_TRUE(guard.try_lock());
  guard.unlock();
  EXPECT_TRUE(guard.try_lock_for(1ms));
  const std::unique_lock late(second, Clock::now() + 1ms);
  EXPECT_TRUE(late.owns_lock());
  EXPECT_EQ(std::try_lock(second, first), 0);
}

TEST(Lock, TryLockUntilKnowsEveryMoment) {
  const mp::Lock lock;
  EXPECT_TRUE(lock.try_lock_until(Clock::now()));
  EXPECT_FALSE(lock.try_lock_until(Clock::time_point::min()));
  EXPECT_FALSE(lock.try_lock_until(Clock::now() - 1h));
  const auto moment = std::chrono::system_clock::now() + 20ms;
  EXPECT_FALSE(lock.try_lock_until(moment));
  EXPECT_GE(std::chrono::system_clock::now(), moment);
  lock.release();
  EXPECT_TRUE(lock.try_lock_until(Clock::time_point::max()));
  lock.release();
  using Days = std::chrono::duration<long, std::ratio<86400>>;
  EXPECT_TRUE(lock.try_lock_until(std::chrono::time_point<Clock, Days>::max()));
  lock.release();
}

TEST(Lock, StdLockOfTwoNeverDeadlocks) {
  const mp::Lock first;
  const mp::Lock second;
  int sum = 0;
  in_threads(4, [&](int number) {
    for (int i = 0; i < 500; ++i) {
      std::lock(number % 2 == 0 ? first : second, number % 2 == 0 ? second : first);
      ++sum;
      first.unlock();
      second.unlock();
    }
  });
  EXPECT_EQ(sum, 2000);
}

TEST(Lock, WorksWithAConditionVariable) {
  const mp::Lock lock;
  std::condition_variable_any changed;
  int turn = 0;
  in_threads(2, [&](int number) {
    for (int i = 0; i < 300; ++i) {
      std::unique_lock guard(lock);
      changed.wait(guard, [&] { return turn % 2 == number; });
      ++turn;
      changed.notify_all();
    }
  });
  EXPECT_EQ(turn, 600);
}

TEST(Lock, GuardsAPlainVariableAmongThreads) {
  const mp::Lock lock;
  int sum = 0;
  in_threads(6, [&sum, lock](int) {
    for (int i = 0; i < 3000; ++i) {
      const std::scoped_lock guard(lock);
      ++sum;
    }
  });
  EXPECT_EQ(sum, 18000);
}

TEST(Lock, HandlesAreMadeCopiedAndDroppedByThreads) {
  const mp::Lock shared;
  in_threads(4, [&shared](int) {
    std::vector<mp::Lock> locks;
    for (int i = 0; i < 500; ++i) {
      locks.push_back(i % 3 == 0 ? mp::Lock() : shared);
      { const std::scoped_lock guard(locks.back()); }
      if (i % 50 == 49) {
        locks.clear();
      }
    }
  });
  EXPECT_FALSE(shared.locked());
}

TEST(Lock, PrintsItsOwnerAsPythonDoes) {
  const mp::Lock lock;
  EXPECT_EQ(fmt::format("{}", lock), "<Lock(owner=None)>");
  lock.acquire();
  EXPECT_EQ(fmt::format("{}", lock), "<Lock(owner=MainProcess)>");
  std::ostringstream stream;
  stream << lock;
  EXPECT_EQ(stream.str(), "<Lock(owner=MainProcess)>");
  EXPECT_EQ(fmt::format("{:>30}", lock), "     <Lock(owner=MainProcess)>");
  std::jthread([&lock] {
    EXPECT_EQ(fmt::format("{}", lock), "<Lock(owner=SomeOtherThread)>");
    lock.release();
    lock.acquire();
    EXPECT_TRUE(fmt::format("{}", lock).starts_with("<Lock(owner=MainProcess|Thread-"))
        << fmt::format("{}", lock);
  }).join();
  Child child([&lock] { EXPECT_EQ(fmt::format("{}", lock), "<Lock(owner=SomeOtherProcess)>"); });
  EXPECT_EQ(child.wait(), 0);
  mp::test::notice_deaths();
}

TEST(Lock, CannotBeStored) {
  try {
    mp::dumps(mp::Lock());
    ADD_FAILURE() << "stored";
  } catch (const mp::RuntimeError& e) {
    EXPECT_NE(std::string(e.what()).find("should only be shared between processes"),
              std::string::npos);
  }
}

TEST(Lock, TenThousandLeaveNothing) {
  const auto before = mp::test::use_now();
  {
    std::vector<mp::Lock> locks(10000);
    EXPECT_EQ(mp::test::use_now().objects, before.objects + 10000);
    for (const mp::Lock& lock : locks) {
      EXPECT_TRUE(lock.acquire(false));
    }
    locks.resize(5000);
    EXPECT_EQ(mp::test::use_now().objects, before.objects + 5000);
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
}

class LockProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(LockProcesses);

struct Counter {  // copied as bytes: a sum that only the lock keeps right
  long left;
  long right;
};

void count(const mp::Lock& lock, const mp::Queue<Counter>& cell, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const std::scoped_lock guard(lock);
    Counter counter = cell.get_nowait();
    ++counter.left;
    --counter.right;
    cell.put_nowait(counter);
  }
}

TEST_P(LockProcesses, GuardsWhatTheyShare) {
  const mp::Lock lock;
  const mp::Queue<Counter> cell(1);
  cell.put({0, 0});
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start(&count, lock, cell, 300));
  }
  count(lock, cell, 300);
  for (mp::Process& process : processes) {
    process.join(plenty);
    EXPECT_EQ(process.exitcode(), 0);
  }
  EXPECT_EQ(cell.get().left, 1200);
}

TEST_P(LockProcesses, AnotherProcessMayRelease) {
  const mp::Lock lock;
  lock.acquire();
  EXPECT_EQ(exitcode_of([lock] { lock.release(); }), 0);
  EXPECT_FALSE(lock.locked());
}

TEST_P(LockProcesses, AChildKnowsItsName) {
  const mp::Lock lock;
  const mp::Queue<std::string> text;
  mp::Process child = start([lock, text] {
    lock.acquire();
    text.put(fmt::format("{}", lock));
    lock.release();
  });
  EXPECT_EQ(text.get(plenty), "<Lock(owner=" + child.name() + ")>");
  child.join(plenty);
}

TEST_P(LockProcesses, ADeadHolderPassesItOn) {
  const mp::Lock lock;
  EXPECT_EQ(exitcode_of([lock] {
              lock.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_TRUE(lock.locked());
  EXPECT_FALSE(lock.owner_died()) << "nobody has taken over yet";
  EXPECT_TRUE(lock.acquire(plenty));
  EXPECT_TRUE(lock.owner_died());
  EXPECT_EQ(exitcode_of([lock] { mp::test::require(lock.owner_died()); }), 0)
      << "told to everybody";
  lock.release();
  EXPECT_FALSE(lock.owner_died());
  EXPECT_TRUE(lock.acquire(false));
  EXPECT_FALSE(lock.owner_died());
  lock.release();
}

TEST_P(LockProcesses, ADeathWakesWhoWaits) {
  const mp::Lock lock;
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

TEST_P(LockProcesses, PassesOnFromAHolderThatLeftToo) {
  const mp::Lock lock;
  EXPECT_EQ(exitcode_of([lock] { lock.acquire(); }), 0);
  EXPECT_TRUE(lock.acquire(plenty));
  lock.release();
}

TEST_P(LockProcesses, LeaveNoObjects) {
  const auto objects = [] { return mp::test::use_now().objects; };
  const std::uint64_t before = objects();
  {
    const mp::Lock lock;
    EXPECT_EQ(exitcode_of([lock](const std::vector<mp::Lock>& more) { more.at(1).acquire(); },
                          std::vector<mp::Lock>(3)),
              0);
    EXPECT_EQ(exitcode_of([](mp::Lock last) { last.acquire(); }, mp::Lock()), 0);
  }
  EXPECT_EQ(objects(), before);
}

}  // namespace
