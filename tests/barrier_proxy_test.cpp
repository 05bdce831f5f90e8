// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/barrier_proxy.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/manager.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/managers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;
using mp::test::until;

namespace {

class BarrierProxies : public mp::test::OneManager {};
MULTIPROCESS_FOR_EACH_START_METHOD(BarrierProxies);

TEST_P(BarrierProxies, LetAllGoOnTogetherAgainAndAgain) {
  const mp::BarrierProxy barrier = manager().Barrier(3);
  const auto places = manager().list<int>();
  std::vector<mp::Process> processes;
  for (int i = 0; i < 2; ++i) {
    processes.push_back(start([barrier, places] {
      for (int round = 0; round < 20; ++round) {
        places.append(barrier.wait());
        barrier.wait();
      }
    }));
  }
  for (int round = 0; round < 20; ++round) {
    places.append(barrier.wait());
    barrier.wait();
    std::vector<int> seen = places.slice(3 * round, 3 * round + 3);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, (std::vector{0, 1, 2}));
  }
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
  }
  EXPECT_EQ(barrier.parties(), 3);
  EXPECT_EQ(barrier.n_waiting(), 0);
}

TEST_P(BarrierProxies, RunTheirActionInTheServerOnce) {
  const auto log = manager().list<int>();
  const mp::BarrierProxy barrier =
      manager().Barrier(2, [log] { log.append(mp::current_process().pid()); });
  mp::Process other = start([barrier, log] {
    barrier.wait();
    require(log.size() == 1);
  });
  barrier.wait();
  EXPECT_EQ(log.size(), 1);
  EXPECT_NE(log.get(0), mp::current_process().pid());
  EXPECT_TRUE(other.join(plenty));
  EXPECT_EQ(other.exitcode(), 0);
}

TEST_P(BarrierProxies, BreakWhenTheirActionThrows) {
  const mp::BarrierProxy barrier = manager().Barrier(2, [] { throw mp::KeyError("not here"); });
  mp::Process other = start([barrier] {
    try {
      barrier.wait();
      require(false);
    } catch (const mp::BrokenBarrierError&) {
    }
  });
  until([&] { return barrier.n_waiting() == 1; });
  EXPECT_THROW(barrier.wait(), mp::KeyError);
  EXPECT_TRUE(barrier.broken());
  EXPECT_TRUE(other.join(plenty));
  EXPECT_EQ(other.exitcode(), 0);
}

TEST_P(BarrierProxies, BreakWhenTheTimeIsUpAndAreMended) {
  const mp::BarrierProxy barrier = manager().Barrier(2, 100ms);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(barrier.wait(), mp::BrokenBarrierError);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms);
  EXPECT_TRUE(barrier.broken());
  EXPECT_TRUE(fmt::format("{}", barrier).ends_with("broken>"));
  EXPECT_THROW(barrier.wait(), mp::BrokenBarrierError);
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  EXPECT_THROW(barrier.wait(10ms), mp::BrokenBarrierError);
}

TEST_P(BarrierProxies, SendThoseWhoWaitAwayByAbortAndReset) {
  const mp::BarrierProxy barrier = manager().Barrier(2);
  for (const bool aborts : {true, false}) {
    mp::Process other = start([barrier] {
      try {
        barrier.wait();
        require(false);
      } catch (const mp::BrokenBarrierError&) {
      }
    });
    until([&] { return barrier.n_waiting() == 1; });
    EXPECT_TRUE(fmt::format("{}", barrier).ends_with("waiters=1/2>"));
    aborts ? barrier.abort() : barrier.reset();
    EXPECT_EQ(barrier.broken(), aborts);
    EXPECT_TRUE(other.join(plenty));
    EXPECT_EQ(other.exitcode(), 0);
    barrier.reset();
  }
}

TEST_P(BarrierProxies, BreakWhenOneIsKilledThatWaitsOrHasWaited) {
  const mp::BarrierProxy barrier = manager().Barrier(2);
  mp::Process waits = start([barrier] { barrier.wait(); });
  until([&] { return barrier.n_waiting() == 1; });
  waits.kill();
  until([&] { return barrier.broken(); });
  barrier.reset();
  mp::Process has_waited = start([barrier] {
    barrier.wait();
    mp::test::die();
  });
  barrier.wait();
  EXPECT_TRUE(has_waited.join(plenty));
  EXPECT_THROW(barrier.wait(plenty), mp::BrokenBarrierError);
  barrier.reset();
  EXPECT_EQ(exitcode_of([barrier] {
              try {
                barrier.wait(0s);
              } catch (const mp::BrokenBarrierError&) {
              }
              barrier.reset();
            }),
            0);
  EXPECT_FALSE(barrier.broken());
}

TEST_P(BarrierProxies, RefuseWhatCannotBe) {
  EXPECT_THROW(manager().Barrier(0), mp::ValueError);
  EXPECT_THROW(manager().Barrier(-1), mp::ValueError);
  EXPECT_EQ(manager().Barrier(1).wait(), 0);
}

}  // namespace
