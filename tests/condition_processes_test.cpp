// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/condition.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <mutex>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;

namespace {

class ConditionProcesses : public mp::test::StartMethods {
 protected:
  /// Processes that wait, in this order, and say by the queue that they were notified.
  std::vector<mp::Process> waiters(int count, const mp::Condition& condition,
                                   const mp::Queue<int>& woken) const {
    std::vector<mp::Process> processes;
    for (int i = 0; i < count; ++i) {
      processes.push_back(start([condition, woken, i] {
        const std::scoped_lock guard(condition);
        require(condition.wait());
        woken.put(i);
      }));
      until_waiting(condition, i + 1);
    }
    return processes;
  }

  static void until_waiting(const mp::Condition& condition, int count) {
    const std::string wanted = fmt::format(" {}>", count);
    mp::test::until([&] { return fmt::format("{}", condition).ends_with(wanted); });
  }

  static void notify(const mp::Condition& condition, int count) {
    const std::scoped_lock guard(condition);
    condition.notify(count);
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(ConditionProcesses);

TEST_P(ConditionProcesses, WakesTheOneThatHasWaitedLongest) {
  const mp::Condition condition;
  const mp::Queue<int> woken;
  std::vector<mp::Process> processes = waiters(3, condition, woken);
  for (int i = 0; i < 3; ++i) {
    notify(condition, 1);
    EXPECT_EQ(woken.get(plenty), i);
    EXPECT_TRUE(processes[static_cast<std::size_t>(i)].join(plenty));
  }
}

TEST_P(ConditionProcesses, TravelsAsArgumentCaptureAndItemWithItsLock) {
  const mp::Queue<mp::Condition> queue;
  const mp::Lock lock;
  const mp::Condition captured(lock);
  const mp::Condition item;
  queue.put(item);
  EXPECT_EQ(exitcode_of(
                [captured, queue, item, lock](const std::vector<mp::Condition>& more) {
                  require(queue.get(plenty) == item && more.size() == 2);
                  const std::scoped_lock guard(captured);
                  require(!lock.acquire(false));
                },
                std::vector<mp::Condition>(2)),
            0);
}

TEST_P(ConditionProcesses, GuardAPredicate) {
  const mp::Condition condition;
  const mp::Queue<int> cell(1);
  cell.put(0);
  const auto step = [condition, cell](int number) {
    for (int i = 0; i < 100; ++i) {
      const std::scoped_lock guard(condition);
      int turn = 0;
      require(condition.wait_for(
          [&] {
            turn = cell.get_nowait();
            cell.put_nowait(turn);
            return turn % 3 == number;
          },
          plenty));
      cell.get_nowait();
      cell.put_nowait(turn + 1);
      condition.notify_all();
    }
  };
  std::vector<mp::Process> processes;
  for (int i = 1; i < 3; ++i) {
    processes.push_back(start(step, i));
  }
  step(0);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
    EXPECT_EQ(process.exitcode(), 0);
  }
  EXPECT_EQ(cell.get(), 300);
}

TEST_P(ConditionProcesses, AKilledWaiterBlocksNobodyAndTakesNoNotificationWithIt) {
  const mp::Condition condition;
  const mp::Queue<int> woken;
  std::vector<mp::Process> processes = waiters(3, condition, woken);
  processes[0].kill();
  notify(condition, 1);
  const int first = woken.get(plenty);  // nobody may have known of the death: then any of the two
  notify(condition, 1);
  EXPECT_EQ(first + woken.get(plenty), 3);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
  }
  notify(condition, 1);
}

TEST_P(ConditionProcesses, OneThatIsKilledAfterItWasNotifiedPassesItOn) {
  const mp::Condition condition;
  const mp::Queue<int> woken;
  std::vector<mp::Process> processes = waiters(3, condition, woken);
  {
    const std::scoped_lock guard(condition);
    condition.notify();  // it needs the lock to return
    processes[0].kill();
    EXPECT_TRUE(processes[0].join(plenty));
  }
  const int next = woken.get(plenty);
  EXPECT_TRUE(next == 1 || next == 2);
  EXPECT_FALSE(woken.try_get(10ms)) << "one notification wakes one";
  notify(condition, 9);
  EXPECT_EQ(woken.get(plenty), 3 - next);
  EXPECT_TRUE(processes[1].join(plenty) && processes[2].join(plenty));
}

TEST_P(ConditionProcesses, ANotifierThatIsKilledHoldsNobodyUp) {
  const mp::Condition condition;
  const mp::Queue<int> woken;
  std::vector<mp::Process> processes = waiters(3, condition, woken);
  EXPECT_EQ(exitcode_of([condition] {
              condition.acquire();
              condition.notify();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(woken.get(plenty), 0);
  notify(condition, 9);
  EXPECT_EQ(woken.get(plenty) + woken.get(plenty), 3);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
  }
}

TEST_P(ConditionProcesses, ADeadHolderPassesTheLockOn) {
  for (const mp::Condition& condition : {mp::Condition(), mp::Condition(mp::Lock())}) {
    EXPECT_EQ(exitcode_of([condition] {
                condition.acquire();
                mp::test::die();
              }),
              multiprocess::test::killed);
    EXPECT_TRUE(condition.acquire(plenty));
    EXPECT_TRUE(condition.owner_died());
    condition.notify_all();
    EXPECT_FALSE(condition.wait(1ms));
    EXPECT_FALSE(condition.owner_died()) << "wait() has let go of it";
    condition.release();
  }
}

TEST_P(ConditionProcesses, AStoppedHolderIsNotRobbed) {
  if (!multiprocess::test::can_stop_processes) {
    GTEST_SKIP() << "needs to stop a process";
  }
  const mp::Condition condition;
  const mp::Queue<int> held;
  mp::Process holder = start([condition, held] {
    const std::scoped_lock guard(condition);
    held.put(1);
    multiprocess::test::stop_process(getpid());
  });
  held.get(plenty);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return condition.acquire(time); }));
  do {
    multiprocess::test::resume_process(holder.pid());  // it may stop only now
  } while (!holder.join(500ms));
  EXPECT_TRUE(condition.acquire(false));
  EXPECT_FALSE(condition.owner_died());
  condition.release();
}

TEST_P(ConditionProcesses, ATimeoutHoldsWhoeverDies) {
  const mp::Condition condition;
  const mp::Queue<int> woken;
  std::vector<mp::Process> processes = waiters(2, condition, woken);
  for (mp::Process& process : processes) {
    process.kill();
  }
  EXPECT_EQ(exitcode_of([condition] {
              condition.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  const std::scoped_lock guard(condition);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return condition.wait(time); }));
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
  }
}

TEST_P(ConditionProcesses, LeaveNoObjects) {
  const auto before = mp::test::use_now();
  {
    const mp::Condition condition;
    const mp::Queue<int> woken;
    std::vector<mp::Process> processes = waiters(5, condition, woken);
    processes[1].kill();
    processes[4].kill();
    EXPECT_TRUE(processes[1].join(plenty) && processes[4].join(plenty));
    notify(condition, 3);
    for (mp::Process& process : processes) {
      EXPECT_TRUE(process.join(plenty));
    }
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

}  // namespace
