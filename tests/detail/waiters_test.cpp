// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/waiters.hpp>

#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/word.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;

/// Without the slices of a wait, a lost wake-up is a test that does not end.
class WaitersTest : public testing::Test {
 protected:
  WaitersTest() { cures().backstop = false; }
  ~WaitersTest() override {
    Waiters::destroy(*state_);
    cures().backstop = true;
  }

  Waiter& entry(std::size_t index) const { return state_->waiters.entries[index]; }

  /// A process that waits, and is killed when `then` has run.
  template <class Then>
  void wait_and_die(Then then) const {
    test::run_and_die([&] {
      waiters_.enter();
      then();
    });
  }
  void wait_and_die() const {
    wait_and_die([] {});
  }

  /// A thread that waits for ever.
  class Sleeper {
   public:
    explicit Sleeper(const Waiters& waiters)
        : mine_(waiters.enter()),
          thread_([this, &waiters] { other_ = waiters.sleep(mine_, os::never); }) {
      test::until([this] { return mine_.sleepers.load() == 1; });
    }
    Waiter& mine() { return mine_; }
    /// What it has taken over, when it has come back.
    Waiter* other() {
      thread_.join();
      return other_;
    }

   private:
    Waiter& mine_;
    Waiter* other_ = nullptr;
    std::jthread thread_;
  };

  test::InArena<ConditionState> state_;
  Waiters waiters_{*state_};
};

TEST_F(WaitersTest, TheLongestWaitingAreNotifiedFirst) {
  Waiter& first = waiters_.enter();
  Waiter& second = waiters_.enter();
  Waiter& third = waiters_.enter();
  EXPECT_EQ(waiters_.count(), 3U);
  waiters_.notify(2);
  EXPECT_EQ(waiters_.count(), 1U);
  EXPECT_FALSE(waiters_.leave(third, nullptr));
  EXPECT_TRUE(waiters_.leave(second, nullptr));
  EXPECT_TRUE(waiters_.leave(first, nullptr));
  EXPECT_EQ(&waiters_.enter(), &first) << "it is used again";
}

TEST_F(WaitersTest, TheDeadAreNotNotifiedAndLeaveTheirPlace) {
  wait_and_die();
  test::notice_deaths();
  EXPECT_EQ(waiters_.count(), 0U);
  Waiter& mine = waiters_.enter();
  EXPECT_EQ(&mine, &entry(0)) << "the dead one's";
  waiters_.notify(1);
  EXPECT_TRUE(waiters_.leave(mine, nullptr));
}

TEST_F(WaitersTest, ANotificationOfADeadOneIsTakenOver) {
  wait_and_die();
  Sleeper sleeper(waiters_);
  waiters_.notify(1);
  EXPECT_EQ(entry(0).state.load(), Waiter::notified) << "nobody knows that it is dead";
  test::notice_deaths();
  Waiter* const other = sleeper.other();
  EXPECT_EQ(other, &entry(0));
  EXPECT_TRUE(waiters_.leave(sleeper.mine(), other));
  EXPECT_EQ(entry(0).state.load(), Waiter::idle);
  EXPECT_EQ(waiters_.count(), 0U);
}

TEST_F(WaitersTest, WhoComesLaterDoesNotTakeItOver) {
  wait_and_die();
  waiters_.notify(1);
  Waiter& later = waiters_.enter();
  test::notice_deaths();
  EXPECT_EQ(waiters_.sleep(later, os::at_once), nullptr);
  EXPECT_FALSE(waiters_.leave(later, nullptr));
  EXPECT_EQ(&waiters_.enter(), &entry(0)) << "nobody can take it over, so its place is free";
}

TEST_F(WaitersTest, OneOfTwoIsPassedOn) {
  wait_and_die();
  Waiter& mine = waiters_.enter();
  Sleeper other(waiters_);
  waiters_.notify(1);
  cures().broadcast = false;  // the other one sleeps on
  mark_end(Ticket::from(entry(0).ticket.load()));
  cures().broadcast = true;
  Waiter* const taken = waiters_.sleep(mine, os::at_once);
  EXPECT_EQ(taken, &entry(0));
  waiters_.notify(1);
  EXPECT_EQ(mine.state.load(), Waiter::notified);
  EXPECT_TRUE(waiters_.leave(mine, taken));
  EXPECT_EQ(other.other(), taken);
  EXPECT_TRUE(waiters_.leave(other.mine(), taken));
  EXPECT_EQ(waiters_.count(), 0U);
  test::notice_deaths();
}

TEST_F(WaitersTest, WhoIsOutOfTimeLooksOnceMore) {
  wait_and_die();
  Waiter& mine = waiters_.enter();
  waiters_.notify(1);
  EXPECT_EQ(waiters_.sleep(mine, os::at_once), nullptr);
  test::notice_deaths();
  EXPECT_TRUE(waiters_.leave(mine, nullptr)) << "noticed meanwhile";
}

TEST_F(WaitersTest, WhoTookItOverMayBeKilledToo) {
  wait_and_die();
  const auto ticket = Ticket::from(entry(0).ticket.load());
  Waiter& mine = waiters_.enter();
  wait_and_die([&] {
    waiters_.notify(1);
    mark_end(ticket);
    EXPECT_NE(waiters_.sleep(entry(2), os::at_once), nullptr);
  });
  EXPECT_NE(entry(0).ticket.load(), ticket.word());
  test::notice_deaths();
  EXPECT_TRUE(waiters_.leave(mine, nullptr));
}

TEST_F(WaitersTest, AllAreNotifiedHoweverMany) {
  std::vector<Waiter*> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(&waiters_.enter());
  }
  waiters_.notify(UINT64_MAX);
  for (Waiter* each : all) {
    EXPECT_TRUE(waiters_.leave(*each, nullptr));
  }
}

}  // namespace
}  // namespace multiprocess::detail
