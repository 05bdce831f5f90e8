// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/semaphore.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;

namespace {

class SemaphoreProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(SemaphoreProcesses);

void count(const mp::Semaphore& semaphore, const mp::Queue<int>& cell, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const std::scoped_lock guard(semaphore);
    cell.put_nowait(cell.get_nowait() + 1);
  }
}

TEST_P(SemaphoreProcesses, OfOneUnitGuardsWhatTheyShare) {
  const mp::BoundedSemaphore semaphore;
  const mp::Queue<int> cell(1);
  cell.put(0);
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start(&count, semaphore, cell, 300));
  }
  count(semaphore, cell, 300);
  for (mp::Process& process : processes) {
    process.join(plenty);
    EXPECT_EQ(process.exitcode(), 0);
  }
  EXPECT_EQ(cell.get(), 1200);
  EXPECT_EQ(semaphore.get_value(), 1);
}

TEST_P(SemaphoreProcesses, PassSignals) {
  const mp::Semaphore there(0);
  const mp::Semaphore back(0);
  mp::Process echo = start([there, back] {
    for (int i = 0; i < 200; ++i) {
      there.acquire();
      back.release();
    }
  });
  for (int i = 0; i < 200; ++i) {
    there.release();
    EXPECT_TRUE(back.acquire(plenty));
  }
  EXPECT_TRUE(echo.join(plenty));
  EXPECT_EQ(there.get_value() + back.get_value(), 0);
}

TEST_P(SemaphoreProcesses, TravelAsArgumentCaptureAndItem) {
  const mp::Queue<mp::Semaphore> queue;
  const mp::Queue<mp::BoundedSemaphore> bounded;
  const mp::Semaphore captured(2);
  const mp::BoundedSemaphore item(3);
  queue.put(item);
  bounded.put(item);
  EXPECT_EQ(exitcode_of(
                [captured, queue, bounded, item](const std::vector<mp::Semaphore>& more) {
                  require(queue.get(plenty) == item && bounded.get(plenty) == item);
                  require(captured.get_value() == 2 && more.at(1).get_value() == 5);
                  captured.release();
                  more[1].acquire();
                },
                std::vector<mp::Semaphore>{mp::Semaphore(1), mp::Semaphore(5)}),
            0);
  EXPECT_EQ(captured.get_value(), 3);
}

TEST_P(SemaphoreProcesses, OnlyABoundedOneIsReceivedAsOne) {
  const mp::Queue<mp::Queue<mp::Semaphore>> plain;
  const mp::Queue<> any;
  any.put(mp::Semaphore(1));
  EXPECT_THROW(any.get<mp::BoundedSemaphore>(), mp::TypeError);
}

TEST_P(SemaphoreProcesses, TheUnitsOfAKilledProcessComeBack) {
  const mp::Semaphore semaphore(3);
  EXPECT_EQ(exitcode_of([semaphore] {
              semaphore.acquire();
              semaphore.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(semaphore.get_value(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(semaphore.acquire(false));
  }
  EXPECT_FALSE(semaphore.acquire(false));
}

TEST_P(SemaphoreProcesses, ADeathWakesWhoWaits) {
  const mp::BoundedSemaphore semaphore(2);
  const mp::Queue<int> held;
  mp::Process holder = start([semaphore, held] {
    semaphore.acquire();
    semaphore.acquire();
    held.put(1);
    mp::test::wait_to_be_killed();
  });
  held.get(plenty);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return semaphore.acquire(time); }));
  mp::Process killer = start([pid = holder.pid()] { multiprocess::test::kill_process(pid); });
  EXPECT_TRUE(semaphore.acquire(plenty));
  EXPECT_TRUE(semaphore.acquire(plenty));
  EXPECT_FALSE(semaphore.acquire(false));
  killer.join(plenty);
  holder.join(plenty);
}

TEST_P(SemaphoreProcesses, WhatTheLivingHaveDoesNotComeBack) {
  const mp::Semaphore semaphore(3);
  semaphore.acquire();
  const mp::Queue<int> held;
  mp::Process living = start([semaphore, held] {
    semaphore.acquire();
    held.put(1);
    mp::test::wait_to_be_killed();
  });
  held.get(plenty);
  EXPECT_EQ(exitcode_of([semaphore] {
              semaphore.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(semaphore.get_value(), 1);
  living.kill();
  living.join(plenty);
  EXPECT_EQ(semaphore.get_value(), 2);
}

TEST_P(SemaphoreProcesses, UnitsThatWereGivenBackByOthersAreNotMissing) {
  const mp::Semaphore semaphore(2);
  const mp::Queue<int> held;
  mp::Process holder = start([semaphore, held] {
    semaphore.acquire();
    semaphore.acquire();
    held.put(1);
    mp::test::wait_to_be_killed();
  });
  held.get(plenty);
  semaphore.release();  // on its behalf
  holder.kill();
  holder.join(plenty);
  EXPECT_EQ(semaphore.get_value(), 2) << "one was free already";
}

TEST_P(SemaphoreProcesses, ASignalIsNotInvented) {
  const mp::Semaphore signals(0);
  for (int i = 0; i < 5; ++i) {
    signals.release();
  }
  EXPECT_EQ(exitcode_of([signals] {
              signals.acquire();
              signals.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(signals.get_value(), 3) << "what it took was consumed";
}

TEST_P(SemaphoreProcesses, UnitsOfAProcessThatEndsByItselfStayTaken) {
  const mp::Semaphore semaphore(3);
  EXPECT_EQ(exitcode_of([semaphore] { semaphore.acquire(); }), 0);
  EXPECT_EQ(semaphore.get_value(), 2);
  EXPECT_EQ(exitcode_of([semaphore] {
              semaphore.acquire();
              mp::exit(3);
            }),
            3);
  EXPECT_EQ(semaphore.get_value(), 1);
  EXPECT_EQ(exitcode_of([semaphore] {
              semaphore.acquire();
              std::_Exit(4);
            }),
            4);
  EXPECT_EQ(semaphore.get_value(), 1) << "that one did not end by its exit steps";
}

TEST_P(SemaphoreProcesses, AKilledWaiterBlocksNobody) {
  const mp::Semaphore semaphore(0);
  const mp::Queue<int> waiting;
  std::vector<mp::Process> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(start([semaphore, waiting] {
      waiting.put(1);
      semaphore.acquire();
    }));
    waiting.get(plenty);
  }
  waiters[0].kill();
  waiters[1].kill();
  semaphore.release();
  EXPECT_TRUE(waiters[2].join(plenty));
  EXPECT_EQ(waiters[2].exitcode(), 0);
  EXPECT_TRUE(waiters[0].join(plenty) && waiters[1].join(plenty));
  EXPECT_EQ(semaphore.get_value(), 0);
}

TEST_P(SemaphoreProcesses, AStoppedHolderIsNotRobbed) {
  if (!multiprocess::test::can_stop_processes) {
    GTEST_SKIP() << "needs to stop a process";
  }
  const mp::Semaphore semaphore;
  const mp::Queue<int> held;
  mp::Process holder = start([semaphore, held] {
    const std::scoped_lock guard(semaphore);
    held.put(1);
    multiprocess::test::stop_process(getpid());
  });
  held.get(plenty);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return semaphore.acquire(time); }));
  do {
    multiprocess::test::resume_process(holder.pid());  // it may stop only now
  } while (!holder.join(500ms));
  EXPECT_EQ(semaphore.get_value(), 1);
}

TEST_P(SemaphoreProcesses, LeaveNoObjects) {
  const auto before = mp::test::use_now();
  {
    const mp::Semaphore semaphore(50);
    std::vector<mp::Process> holders;
    for (int i = 0; i < 8; ++i) {  // more than fit beside the semaphore
      holders.push_back(start([semaphore, i] {
        semaphore.acquire();
        if (i % 2 == 0) {
          mp::test::die();
        }
      }));
    }
    for (mp::Process& holder : holders) {
      holder.join(plenty);
    }
    EXPECT_EQ(semaphore.get_value(), 46);
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

}  // namespace
