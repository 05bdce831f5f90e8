// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/barrier.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;

namespace {

class BarrierProcesses : public mp::test::StartMethods {
 protected:
  /// A process that waits until it is killed or let down; then it ends with 7.
  mp::Process party(const mp::Barrier& barrier) const {
    const int before = barrier.n_waiting();
    mp::Process process = start([barrier] {
      try {
        barrier.wait();
      } catch (const mp::BrokenBarrierError&) {
        mp::exit(7);
      }
    });
    mp::test::until([&] { return barrier.n_waiting() == before + 1; });
    return process;
  }

  static void kill(mp::Process& process) {
    process.kill();
    EXPECT_TRUE(process.join(plenty));
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(BarrierProcesses);

void meet(const mp::Barrier& barrier, const mp::Queue<int>& out, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    out.put(barrier.wait(plenty));
    barrier.wait(plenty);
  }
}

TEST_P(BarrierProcesses, LetsAllGoWhenAllHaveCome) {
  const mp::Barrier barrier(3);
  const mp::Queue<int> out;
  std::vector<mp::Process> processes;
  for (int i = 0; i < 2; ++i) {
    processes.push_back(start(&meet, barrier, out, 50));
  }
  meet(barrier, out, 50);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
    EXPECT_EQ(process.exitcode(), 0);
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ((std::set<int>{out.get(), out.get(), out.get()}), (std::set<int>{0, 1, 2}));
  }
}

TEST_P(BarrierProcesses, TheActionRunsWhereTheLastPartyIs) {
  const mp::Queue<int> out;
  const mp::Barrier barrier(2, [out, calls = 0]() mutable {
    out.put(mp::current_process().pid());
    out.put(++calls);
  });
  mp::Process other = start([barrier] {
    barrier.wait(plenty);
    mp::test::until([&] { return barrier.n_waiting() == 1; });
    barrier.wait(plenty);
    barrier.wait(plenty);
  });
  mp::test::until([&] { return barrier.n_waiting() == 1; });
  EXPECT_EQ(barrier.wait(plenty), 1);
  EXPECT_EQ(out.get(plenty), mp::current_process().pid());
  EXPECT_EQ(out.get(plenty), 1);
  EXPECT_EQ(barrier.wait(plenty), 0);
  EXPECT_EQ(out.get(plenty), other.pid());
  EXPECT_EQ(out.get(plenty), 1) << "that one's own copy";
  mp::test::until([&] { return barrier.n_waiting() == 1; });
  barrier.wait(plenty);
  EXPECT_EQ(out.get(plenty), mp::current_process().pid());
  EXPECT_EQ(out.get(plenty), 2) << "each copy remembers";
  EXPECT_TRUE(other.join(plenty));
  EXPECT_EQ(other.exitcode(), 0);
}

TEST_P(BarrierProcesses, TravelsAsArgumentCaptureAndItem) {
  const mp::Queue<mp::Barrier> queue;
  const mp::Barrier captured(2);
  const mp::Barrier item(1);
  queue.put(item);
  mp::Process process = start(
      [captured, queue, item](const std::vector<mp::Barrier>& more) {
        require(queue.get(plenty) == item && more.at(1).parties() == 5);
        captured.wait(plenty);
      },
      std::vector<mp::Barrier>{mp::Barrier(4), mp::Barrier(5)});
  captured.wait(plenty);
  EXPECT_TRUE(process.join(plenty));
  EXPECT_EQ(process.exitcode(), 0);
}

TEST_P(BarrierProcesses, BreaksWhenOneThatWaitsIsKilled) {
  const mp::Barrier barrier(3);
  mp::Process one = party(barrier);
  mp::Process two = party(barrier);
  kill(one);
  EXPECT_TRUE(two.join(plenty));
  EXPECT_EQ(two.exitcode(), 7);
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), mp::BrokenBarrierError);
  barrier.reset();
  EXPECT_FALSE(barrier.broken()) << "the dead are forgotten";
  mp::Process three = party(barrier);
  mp::Process four = party(barrier);
  EXPECT_EQ(barrier.wait(plenty), 2);
  EXPECT_TRUE(three.join(plenty) && four.join(plenty));
}

TEST_P(BarrierProcesses, BreaksWhenOneThatHasWaitedIsKilledElsewhere) {
  const mp::Barrier barrier(2);
  mp::Process other = start([barrier] {
    barrier.wait(plenty);
    mp::test::wait_to_be_killed();
  });
  barrier.wait(plenty);
  EXPECT_FALSE(barrier.broken());
  mp::Process killer = start(
      [barrier](int pid) {
        mp::test::until([&] { return barrier.n_waiting() == 1; });
        multiprocess::test::kill_process(pid);
      },
      other.pid());
  EXPECT_THROW(barrier.wait(plenty), mp::BrokenBarrierError);
  EXPECT_TRUE(barrier.broken());
  EXPECT_TRUE(killer.join(plenty) && other.join(plenty));
}

TEST_P(BarrierProcesses, DoesNotBreakWhenOneEndsByItself) {
  const mp::Barrier barrier(2);
  mp::Process other = start([barrier] { barrier.wait(plenty); });
  barrier.wait(plenty);
  EXPECT_TRUE(other.join(plenty));
  EXPECT_FALSE(barrier.broken());
  mp::Process next = start([barrier] { barrier.wait(plenty); });
  EXPECT_GE(barrier.wait(plenty), 0);
  EXPECT_TRUE(next.join(plenty));
}

TEST_P(BarrierProcesses, ADeathOutsideDoesNotBreakIt) {
  const mp::Barrier barrier(2);
  mp::Process stranger = start([barrier] {
    require(barrier.n_waiting() == 0);
    mp::test::die();
  });
  EXPECT_TRUE(stranger.join(plenty));
  EXPECT_FALSE(barrier.broken());
  mp::Process next = start([barrier] { barrier.wait(plenty); });
  EXPECT_GE(barrier.wait(plenty), 0);
  EXPECT_TRUE(next.join(plenty));
}

TEST_P(BarrierProcesses, BreaksWhenTheOneWhoActsIsKilled) {
  const mp::Barrier barrier(2, [] { mp::test::die(); });
  mp::Process last = start([barrier] {
    mp::test::until([&] { return barrier.n_waiting() == 1; });
    barrier.wait();
  });
  EXPECT_THROW(barrier.wait(plenty), mp::BrokenBarrierError);
  EXPECT_TRUE(last.join(plenty));
  EXPECT_EQ(last.exitcode(), multiprocess::test::killed);
}

TEST_P(BarrierProcesses, ATimeoutHoldsWhoeverDies) {
  if (!multiprocess::test::can_stop_processes) {
    GTEST_SKIP() << "needs to stop a process";
  }
  const mp::Barrier barrier(3);
  mp::Process dead = party(barrier);
  kill(dead);
  barrier.reset();
  mp::Process stopped = party(barrier);
  multiprocess::test::stop_sleeping_process(stopped.pid());
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) {
    barrier.reset();
    try {
      barrier.wait(time);
      return true;
    } catch (const mp::BrokenBarrierError&) {
      return false;
    }
  }));
  multiprocess::test::resume_process(stopped.pid());
  EXPECT_TRUE(stopped.join(plenty));
  EXPECT_EQ(stopped.exitcode(), 7);
}

TEST_P(BarrierProcesses, AStoppedPartyDoesNotBreakIt) {
  if (!multiprocess::test::can_stop_processes) {
    GTEST_SKIP() << "needs to stop a process";
  }
  const mp::Barrier barrier(3);
  mp::Process stopped = party(barrier);
  multiprocess::test::stop_sleeping_process(stopped.pid());
  mp::Process other = party(barrier);
  EXPECT_FALSE(barrier.broken());
  EXPECT_EQ(barrier.wait(plenty), 2);
  EXPECT_TRUE(other.join(plenty));
  EXPECT_FALSE(stopped.join(10ms));
  multiprocess::test::resume_process(stopped.pid());
  EXPECT_TRUE(stopped.join(plenty));
  EXPECT_EQ(stopped.exitcode(), 0);
}

TEST_P(BarrierProcesses, LeaveNoObjects) {
  const auto before = mp::test::use_now();
  {
    const mp::Queue<int> queue;
    const mp::Barrier barrier(6, [queue] { queue.put(1); });
    std::vector<mp::Process> parties;
    for (int i = 0; i < 5; ++i) {
      parties.push_back(party(barrier));
    }
    barrier.wait(plenty);
    for (mp::Process& each : parties) {
      EXPECT_TRUE(each.join(plenty));
    }
    mp::Process last = party(barrier);
    kill(last);
    EXPECT_TRUE(barrier.broken());
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

}  // namespace
