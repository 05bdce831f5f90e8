// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/bell.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <thread>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using os::DoorbellState;
using test::Child;
using test::until;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// A putter's and a getter's bell, and a number of items in place of a queue.
class BellTest : public testing::Test {
 protected:
  struct Shared {
    BellState bell;
    std::atomic<int> items;
  };

  auto not_empty() const {
    return [this] { return shared_->items != 0; };
  }
  void put() {
    ++shared_->items;
    putter_.ring(not_empty());
  }
  void take() {
    --shared_->items;
    getter_.item_taken(not_empty());
  }
  DoorbellState wait(os::Deadline deadline) const { return getter_.wait(deadline, not_empty()); }
  DoorbellState look() const { return os::wait_for_doorbell(ends_.first.get(), os::at_once); }

  std::pair<os::Handle, os::Handle> ends_ = os::make_doorbell();
  test::InArena<Shared> shared_;
  BellState& state_ = shared_->bell;
  std::atomic<std::uint64_t> seen_{0};
  const Bell getter_{state_, ends_.first.get(), seen_};
  const Bell putter_{state_, ends_.second.get(), seen_};
};

TEST_F(BellTest, IsSilentWhileNobodyWatches) {
  put();
  EXPECT_EQ(look(), DoorbellState::quiet);
  EXPECT_EQ(wait(os::at_once), DoorbellState::rung);
  take();
  EXPECT_EQ(wait(os::at_once), DoorbellState::quiet);
}

TEST_F(BellTest, RingsForAWatcherWhileItemsWait) {
  const Watch watch(getter_);
  put();
  EXPECT_EQ(look(), DoorbellState::rung);
  put();
  take();
  EXPECT_EQ(look(), DoorbellState::rung);
  take();
  EXPECT_EQ(look(), DoorbellState::quiet);
  put();
  EXPECT_EQ(look(), DoorbellState::rung);
}

TEST_F(BellTest, IsNotRungForAnItemThatIsGone) {
  const Watch watch(getter_);
  putter_.ring(not_empty());
  EXPECT_EQ(look(), DoorbellState::quiet);
}

TEST_F(BellTest, RingsOnceForManyItems) {
  const Watch watch(getter_);
  for (int i = 0; i < 100; ++i) {
    put();
  }
  std::array<std::byte, 100> bytes{};
  EXPECT_EQ(os::read_some(ends_.first.get(), bytes), 1U);
}

TEST_F(BellTest, AWatcherThatHasLeftCostsNothingMore) {
  { const Watch watch(getter_); }
  put();
  EXPECT_EQ(look(), DoorbellState::quiet);
}

TEST_F(BellTest, TellsTheTruthWhoeverIsFaster) {
  constexpr int rounds = 2000;
  const Watch watch(getter_);
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  const std::jthread putter([&] {
    for (int round = 1; round <= rounds; ++round) {
      until([&] { return begun == round; });
      put();
      ended = round;
    }
  });
  for (int round = 1; round <= rounds; ++round) {
    begun = round;
    until(not_empty());
    take();
    until([&] { return ended == round; });
    EXPECT_EQ(look(), DoorbellState::quiet) << "in round " << round;
  }
}

TEST_F(BellTest, WaitsUntilTheDeadline) {
  const os::Deadline deadline = in(150ms);  // longer than a slice of its sleep
  EXPECT_EQ(wait(deadline), DoorbellState::quiet);
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(state_.watchers, 0U);
}

TEST_F(BellTest, WakesAThread) {
  const std::jthread waiter([this] { EXPECT_EQ(wait(os::never), DoorbellState::rung); });
  until([this] { return state_.watchers == 1; });
  put();
}

TEST_F(BellTest, WakesAProcess) {
  Child child([this] { EXPECT_EQ(wait(os::never), DoorbellState::rung); });
  until([this] { return state_.watchers == 1; });
  put();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(BellTest, AnItemIsSeenBeforeTheEnd) {
  put();
  ends_.second.reset();
  EXPECT_EQ(wait(os::never), DoorbellState::rung);
  take();
  EXPECT_EQ(wait(os::never), DoorbellState::gone);
  EXPECT_EQ(wait(os::at_once), DoorbellState::gone);
}

TEST_F(BellTest, TheEndWakesASleeper) {
  const std::jthread waiter([this] { EXPECT_EQ(wait(os::never), DoorbellState::gone); });
  until([this] { return state_.watchers == 1; });
  ends_.second.reset();
}

TEST_F(BellTest, TheGettersAreGoneWhenTheLastDescriptorIsClosed) {
  os::Handle copy = os::duplicate(ends_.first.get());
  EXPECT_FALSE(putter_.getters_are_gone());
  ends_.first.reset();
  getter_.note_closing();
  EXPECT_FALSE(putter_.getters_are_gone());
  copy.reset();
  getter_.note_closing();
  EXPECT_TRUE(putter_.getters_are_gone());
  EXPECT_TRUE(putter_.getters_are_gone()) << "again";
}

TEST_F(BellTest, AKilledProcessIsGoneWithItsDescriptors) {
  std::optional<Child> child(std::in_place, [] { test::wait_to_be_killed(); });
  ends_.first.reset();
  getter_.note_closing();
  EXPECT_FALSE(putter_.getters_are_gone()) << "the child has it still";
  child->kill();
  child->wait();
  step::add(census().ends, 1);  // as whoever notices does
  EXPECT_TRUE(putter_.getters_are_gone());
}

// What a process leaves that is killed under the lock.

TEST_F(BellTest, AByteThatADeadPutterLeftWakesForNothingOnce) {
  const Watch watch(getter_);
  test::run_and_die([this] {
    state_.lock.acquire();
    os::ring_doorbell(ends_.second.get());
  });
  EXPECT_EQ(look(), DoorbellState::rung);
  EXPECT_EQ(wait(in(5ms)), DoorbellState::quiet);
  EXPECT_EQ(look(), DoorbellState::quiet);
  put();
  EXPECT_EQ(look(), DoorbellState::rung);
}

TEST_F(BellTest, TheNextPutterRingsAgainAfterADeadOne) {
  const Watch watch(getter_);
  put();
  test::run_and_die([this] {  // a getter, just before it says that the bell is silent
    state_.lock.acquire();
    os::silence_doorbell(ends_.first.get());
  });
  put();
  EXPECT_EQ(look(), DoorbellState::rung);
  take();
  EXPECT_EQ(look(), DoorbellState::rung);
  take();
  EXPECT_EQ(look(), DoorbellState::quiet);
}

TEST_F(BellTest, ADeadGettersSilenceIsSeenByAPutterWhoseItemIsGone) {
  const Watch watch(getter_);
  put();
  test::run_and_die([this] {
    state_.lock.acquire();
    os::silence_doorbell(ends_.first.get());
  });
  shared_->items = 0;
  putter_.ring(not_empty());  // somebody took the item before
  put();
  EXPECT_EQ(look(), DoorbellState::rung);
}

TEST_F(BellTest, ADeadWatcherCostsCallsAndNoTruth) {
  test::run_and_die([this] { getter_.begin_watch(); });
  EXPECT_EQ(state_.watchers, 1U);
  put();
  EXPECT_EQ(look(), DoorbellState::rung);
  EXPECT_EQ(wait(os::never), DoorbellState::rung);
  take();
  EXPECT_EQ(look(), DoorbellState::quiet);
}

}  // namespace
}  // namespace multiprocess::detail
