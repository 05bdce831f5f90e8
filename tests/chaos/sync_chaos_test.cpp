// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/semaphore.hpp>

#include <multiprocess/detail/forkserver.hpp>

#include "chaos/chaos.hpp"
#include "chaos/sync_gang.hpp"
#include "support/in_time.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

// Kills holders, waiters, notifiers and parties at random; what there is to do is finite in most
// rounds, so that a wake-up which is lost shows.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;
const std::vector<Start> forks{Start::plain, Start::fork};
const std::vector<Start> noticed{Start::fork};
const std::vector<Start> all_starts{Start::plain, Start::fork, Start::spawn, Start::forkserver};

class SyncChaos : public Chaos {
 protected:
  void TearDown() override {
    detail::stop_server();
    Chaos::TearDown();
  }

  /// False when it does not become so for a long time.
  template <class Condition>
  static bool becomes(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(100us);
    }
    return true;
  }

  /// What was under way may still be counted.
  static bool goes_on(const Board& board) {
    const std::uint64_t before = board.turns;
    return becomes([&] { return board.turns > before + 2 * SyncWorks::parties; });
  }

  static void expect_no_fault(Gang& gang) {
    EXPECT_EQ(gang.board().faults, 0U) << gang.board().first_fault.data();
    totals.kills += gang.kills();
  }

  /// The end of others' forks is noticed once a second: few of them.
  static const std::vector<Start>& mostly_noticed(const Gang& gang) {
    return gang.kills() % 50 == 0 ? all_starts : noticed;
  }

  static void expect_all_taken(const Gang& gang) {
    const multiprocess::Condition& condition = gang.works().condition;
    {
      const std::scoped_lock guard(condition);
      if (condition.owner_died()) {
        condition.notify_all();  // one was killed before it came to that
      }
    }
    EXPECT_TRUE(becomes([&] { return gang.board().tokens == 0; }))
        << fmt::format("{}: they sleep although there is a token", condition);
  }

  /// Six that do this for ever, and one after the other is killed.
  void harass(Gang& gang, Toil toil, std::uint64_t kills) {
    while (gang.kills() < kills) {
      // Starting programs takes its time: few of them.
      gang.fill_up(gang.kills() % 20 == 0 ? all_starts : forks, toil, 6);
      pause();
      gang.kill_somebody(toil);
      if (gang.kills() % 16 == 0) {
        ASSERT_TRUE(goes_on(gang.board())) << "nobody gets anywhere";
      }
    }
  }
};

TEST_F(SyncChaos, RecursiveLock) {
  Gang gang(random_());
  harass(gang, Toil::hold, scaled(1000));
  gang.kill_all();
  const RLock& lock = gang.works().lock;
  EXPECT_TRUE(lock.acquire(patience));
  lock.release();
  EXPECT_FALSE(lock.locked());
  expect_no_fault(gang);
}

TEST_F(SyncChaos, Semaphore) {
  Gang gang(random_());
  harass(gang, Toil::share, scaled(1000));
  gang.kill_all();
  EXPECT_TRUE(becomes([&] {
    detail::check_everybody();
    return gang.works().units.get_value() == SyncWorks::units_at_first;
  })) << fmt::format("{}", gang.works().units);
  expect_no_fault(gang);
}

/// One signal for some who sleep; the one that the kernel chooses may be killed before it takes it.
TEST_F(SyncChaos, Signals) {
  Gang gang(random_());
  const multiprocess::Semaphore& signals = gang.works().signals;
  while (gang.kills() < scaled(1000)) {
    gang.fill_up(gang.kills() % 50 == 0 ? all_starts : forks, Toil::take_signals, 4);
    pause();
    signals.release();
    gang.kill_somebody(Toil::take_signals);
    ASSERT_TRUE(becomes([&] { return signals.get_value() == 0; }))
        << "everybody is asleep although there is a signal";
  }
  gang.kill_all();
  expect_no_fault(gang);
}

/// Every living one that waits goes on, whoever was killed, the one who sets included.
TEST_F(SyncChaos, Event) {
  Gang gang(random_());
  Board& board = gang.board();
  while (gang.kills() < scaled(1000)) {
    gang.fill_up(gang.kills() % 50 == 0 ? all_starts : forks, Toil::follow, 5);
    gang.works().events[(board.round + 1) % 2].clear();
    gang.hire(Start::plain, Toil::set);
    pause();
    gang.kill_somebody(between(random_, 0, 1) == 0 ? Toil::set : Toil::follow);
    const multiprocess::Event& event = gang.works().events[board.round % 2];
    if (gang.count(Toil::set) == 0) {
      event.set();  // perhaps it had not come to it
    }
    ++board.round;
    ASSERT_TRUE(becomes([&] { return gang.behind(board.round) == 0; }))
        << gang.behind(board.round) << " sleep although the event is set";
    if (gang.count(Toil::set) != 0) {
      gang.kill_somebody(Toil::set);
    }
  }
  gang.kill_all();
  expect_no_fault(gang);
}

TEST_F(SyncChaos, Condition) {
  Gang gang(random_());
  const multiprocess::Condition& condition = gang.works().condition;
  while (gang.kills() < scaled(1000) && !HasFailure()) {
    gang.fill_up(gang.kills() % 50 == 0 ? all_starts : forks, Toil::consume, 4);
    gang.fill_up(forks, Toil::produce, 2);
    pause();
    gang.kill_somebody(between(random_, 0, 2) == 0 ? Toil::produce : Toil::consume);
    if (between(random_, 0, 7) != 0) {
      continue;
    }
    while (gang.count(Toil::produce) != 0) {
      gang.kill_somebody(Toil::produce);
    }
    expect_all_taken(gang);
  }
  gang.kill_all();
  EXPECT_TRUE(condition.acquire(patience));
  condition.release();
  expect_no_fault(gang);
}

/// One notification for some who wait; the one that it is for may be killed before it wakes.
TEST_F(SyncChaos, Notifications) {
  Gang gang(random_());
  const multiprocess::Condition& condition = gang.works().condition;
  while (gang.kills() < scaled(1000) && !HasFailure()) {
    gang.fill_up(mostly_noticed(gang), Toil::await, 4);
    pause();
    {
      const std::scoped_lock guard(condition);
      ++gang.board().tokens;
      condition.notify();
    }
    gang.kill_somebody(Toil::await);
    expect_all_taken(gang);
  }
  gang.kill_all();
  expect_no_fault(gang);
}

TEST_F(SyncChaos, Barrier) {
  Gang gang(random_());
  const multiprocess::Barrier& barrier = gang.works().barrier;
  while (gang.kills() < scaled(1000)) {
    gang.fill_up(mostly_noticed(gang), Toil::meet, SyncWorks::parties);
    barrier.reset();
    ASSERT_TRUE(goes_on(gang.board())) << fmt::format("{}", barrier);
    pause();
    gang.kill_somebody(Toil::meet);
    ASSERT_TRUE(becomes([&] { return barrier.broken(); })) << fmt::format("{}", barrier);
  }
  gang.kill_all();
  expect_no_fault(gang);
}

}  // namespace
}  // namespace multiprocess::test
