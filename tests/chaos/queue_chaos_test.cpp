// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/detail/word.hpp>
#include <multiprocess/process.hpp>

#include "chaos/chaos.hpp"
#include "chaos/crew.hpp"
#include "support/leftovers.hpp"
#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

// Kills putters, getters, holders of locks and allocating processes at random, and accounts for
// every item afterwards.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

class QueueChaos : public Chaos {
 protected:
  void hold(const std::vector<Start>& starts, std::uint64_t kills) {
    const Ledger ledger;
    const Works works = make_works(ledger, 0);
    Crew crew(ledger, works, random_());
    while (crew.kills() < kills) {
      fill_up(crew, Kind::stamps, starts, Role::hold, 6);
      pause();
      kill_somebody(crew);
      ASSERT_FALSE(crew.hangs());
    }
    crew.kill_all(Role::hold);
    EXPECT_TRUE(works.lock.acquire(3s));
    add_up(ledger, crew);
  }

  void allocate(const std::vector<Start>& starts, std::uint64_t kills) {
    const Ledger ledger;
    const Works works = make_works(ledger, 0);
    Crew crew(ledger, works, random_());
    while (crew.kills() < kills) {
      for (const Role role : {Role::allocate, Role::raise, Role::clear}) {
        fill_up(crew, Kind::stamps, starts, role, 2);
      }
      pause();
      kill_somebody(crew);
      ASSERT_FALSE(crew.hangs());
    }
    add_up(ledger, crew);
  }
};

class QueueTraffic : public Traffic {
 protected:
  void run(Kind kind, const std::vector<Start>& starts, std::uint64_t kills,
           std::ptrdiff_t capacity) {
    const Ledger ledger;
    Traffic::run(make_works(ledger, capacity), ledger, kind, starts, kills);
  }
};

TEST_F(QueueTraffic, OfNumbers) {
  run(Kind::stamps, {Start::plain, Start::fork}, scaled(700), 0);
}
TEST_F(QueueTraffic, OfNumbersThroughANarrowQueue) {
  run(Kind::stamps, {Start::plain, Start::fork}, scaled(700), 3);
}
TEST_F(QueueTraffic, OfParcels) {
  run(Kind::parcels, {Start::plain, Start::fork}, scaled(1000), 30);
}
TEST_F(QueueTraffic, OfLetters) {
  run(Kind::letters, {Start::plain, Start::fork}, scaled(700), 30);
}
TEST_F(QueueTraffic, BetweenSpawnedProcesses) {
  run(Kind::parcels, {Start::spawn}, scaled(60), 30);
}
TEST_F(QueueTraffic, BetweenProcessesOfTheForkServer) {
  run(Kind::letters, {Start::forkserver}, scaled(150), 30);
  detail::stop_server();
}

TEST_F(QueueChaos, ALockOutlivesItsHolders) {
  hold({Start::plain, Start::fork}, scaled(1000));
}
TEST_F(QueueChaos, ALockOutlivesSpawnedHolders) {
  hold({Start::spawn}, scaled(40));
}
TEST_F(QueueChaos, ALockOutlivesHoldersOfTheForkServer) {
  hold({Start::forkserver}, scaled(80));
  detail::stop_server();
}

TEST_F(QueueChaos, AllocatingProcessesLeaveNothing) {
  allocate({Start::plain, Start::fork}, scaled(700));
}
TEST_F(QueueChaos, SpawnedProcessesThatAllocateLeaveNothing) {
  allocate({Start::spawn}, scaled(40));
}
TEST_F(QueueChaos, ProcessesOfTheForkServerThatAllocateLeaveNothing) {
  allocate({Start::forkserver}, scaled(80));
  detail::stop_server();
}

/// What the tests of this program promise together, where nothing slows them down.
class Promise : public testing::Environment {
  void TearDown() override {
    const testing::UnitTest& all = *testing::UnitTest::GetInstance();
    if (all.test_to_run_count() == all.total_test_count() && at_full_scale() && all.Passed() &&
        !under_address_sanitizer && !under_thread_sanitizer) {
      EXPECT_GE(totals.kills, 5'000);
    }
  }
};
[[maybe_unused]] testing::Environment* const promise =
    testing::AddGlobalTestEnvironment(new Promise);

/// While one lives, this thread runs on one CPU only.
class OnOneCpu {
 public:
  OnOneCpu() {
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof(one), &one);
  }
  ~OnOneCpu() { sched_setaffinity(0, sizeof(before_), &before_); }
  OnOneCpu(const OnOneCpu&) = delete;
  OnOneCpu& operator=(const OnOneCpu&) = delete;

 private:
  cpu_set_t before_;
};

bool sleeps_in_a_futex(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/syscall");
  std::string number;
  file >> number;
  return number == std::to_string(202);
}

/// Getters that all sleep. The kernel wakes the one that has slept longest: it is killed after that
/// and before it runs, so that its wake-up is lost; or in its sleep, before there is an item.
class Idle : public Chaos {
 protected:
  void run(Start how, std::uint64_t wanted, std::chrono::milliseconds promptly) {
    const Ledger ledger;
    const Works works = make_works(ledger, 0);
    Crew crew(ledger, works, random_());
    std::uint64_t lost_wakes = 0;
    std::uint32_t round = 0;
    const OnOneCpu with_the_lazy_one;  // and with the fork server
    for (; lost_wakes < wanted && round < 10 * wanted; ++round) {
      const std::uint64_t excuses = crew.may_be_missing();
      let_sleep_one_after_the_other(crew, works, how);
      if (round % 2 == 0) {
        put(works, ledger, round);
        crew[0].strike();
        lost_wakes += items_in(works, Kind::stamps) != 0 ? 1 : 0;
        crew.kill(0);
      } else {  // in its sleep
        crew.kill(0);
        EXPECT_EQ(crew.may_be_missing() - excuses, Ledger::knows_hands ? 0 : 1);
        put(works, ledger, round);
      }
      const bool may_be_gone = round % 2 == 0 && crew.may_be_missing() != excuses;
      ASSERT_TRUE(is_taken(works, promptly))
          << "everybody is asleep although an item waits, round " << round
          << (crew.report("everybody is asleep", Kind::stamps), "");
      ASSERT_TRUE(may_be_gone || is_noted(ledger, round)) << "lost in round " << round;
      crew.kill_all(Role::get);
    }
    EXPECT_EQ(lost_wakes, wanted) << "they take it before they can be killed";
    expect_accounted(ledger, crew);
  }

 private:
  static std::uint32_t putter_of(std::uint32_t round) {
    return Ledger::most_producers - 1 - round / Ledger::most_items;
  }

  void put(const Works& works, const Ledger& ledger, std::uint32_t round) {
    const std::uint32_t me = putter_of(round);
    const std::uint32_t sequence = round % Ledger::most_items;
    ledger->producers[me].begun = sequence + 1;
    works.stamps.put(Goods<Stamp>::make(me, sequence, random_));
    ledger->producers[me].acknowledged = sequence + 1;
  }

  static void let_sleep_one_after_the_other(Crew& crew, const Works& works, Start how) {
    for (std::size_t i = 0; i < 3; ++i) {
      crew.hire(how, Role::get, Kind::stamps, i == 0 ? Pace::lazy : Pace::idle);
      while (!sleeps_in_a_futex(crew[i].pid()) || sleepers_of(works, Kind::stamps) <= i) {
        std::this_thread::sleep_for(100us);
      }
    }
  }

  /// By one of those that live, who is not killed before.
  static bool is_noted(const Ledger& ledger, std::uint32_t round) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    const auto& times = ledger->received[putter_of(round)][round % Ledger::most_items];
    while (times == 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
    return times != 0;
  }

  static bool is_taken(const Works& works, std::chrono::milliseconds promptly) {
    const auto end = std::chrono::steady_clock::now() + promptly;
    while (items_in(works, Kind::stamps) != 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
    return items_in(works, Kind::stamps) == 0;
  }
};

/// The parent tells that its child has ended, and everybody looks again.
TEST_F(Idle, TheBroadcastWakesTheOthers) {
  run(Start::fork, scaled(60), 700ms);
}
TEST_F(Idle, TheBroadcastWakesSpawnedOnes) {
  run(Start::spawn, scaled(3), 700ms);
}
TEST_F(Idle, TheBroadcastWakesThoseOfTheForkServer) {
  run(Start::forkserver, scaled(3), 700ms);
  detail::stop_server();
}
/// Nobody tells: they look by themselves after a while.
TEST_F(Idle, TheBackstopWakesTheOthers) {
  run(Start::plain, scaled(3), 3000ms);
}

}  // namespace
}  // namespace multiprocess::test
