// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/meeting.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/shipment.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;

/// Without the slices of a wait, a lost wake-up is a test that does not end.
class MeetingTest : public testing::Test {
 protected:
  MeetingTest() { cures().backstop = false; }
  ~MeetingTest() override { cures().backstop = true; }

  static SharedRef make(std::uint32_t parties) { return Meeting::create(parties, 0, false, 0); }
  MeetingState& state() const { return *static_cast<MeetingState*>(ref_.address()); }
  Meeting::Arrival arrive() const { return meeting_.arrive(os::never).value(); }

  SharedRef ref_ = make(3);
  Meeting meeting_{ref_};
};

TEST_F(MeetingTest, AStageIsOneWord) {
  for (const Stage& stage : {Stage{0, false, 0}, Stage{7, true, 0},
                             Stage{0xffffffff, false, Stage::most}, Stage{1, true, 1}}) {
    const Stage again = Stage::from(stage.word());
    EXPECT_EQ(again.phase, stage.phase);
    EXPECT_EQ(again.broken, stage.broken);
    EXPECT_EQ(again.count, stage.count);
  }
}

TEST_F(MeetingTest, PhasesPass) {
  for (std::uint32_t phase = 0; phase < 3; ++phase) {
    const Meeting::Arrival first = arrive();
    EXPECT_EQ(first.phase, phase);
    EXPECT_EQ(first.index, 0U);
    EXPECT_EQ(arrive().index, 1U);
    EXPECT_EQ(arrive().index, 2U);
    EXPECT_TRUE(meeting_.wait(first, os::never));
  }
}

TEST_F(MeetingTest, TheSlowKnowHowTheirPhaseEnded) {
  const Meeting::Arrival broken = arrive();
  meeting_.reset();
  const Meeting::Arrival passed = arrive();
  arrive();
  arrive();
  for (int i = 0; i < 1000; ++i) {
    arrive();
  }
  EXPECT_FALSE(meeting_.wait(broken, os::never));
  EXPECT_TRUE(meeting_.wait(passed, os::never));
  for (std::size_t i = 0; i + 1 < MeetingState::remembered; ++i) {
    meeting_.abort();
    meeting_.reset();
    arrive();
    EXPECT_FALSE(meeting_.wait(broken, os::never));
    EXPECT_EQ(meeting_.wait(passed, os::never), state().breaks < 1 + MeetingState::remembered);
    meeting_.reset();
  }
  EXPECT_FALSE(meeting_.wait(passed, os::never)) << "too long ago to know: broken, to be safe";
}

TEST_F(MeetingTest, ABreakThatADeadOneBeganIsDone) {
  const Meeting::Arrival mine = arrive();
  test::run_and_die([this] {
    state().lock.acquire();
    state().broken[0] = 0;
    state().breaks = 1;
  });
  test::notice_deaths();
  EXPECT_FALSE(meeting_.arrive(os::never));
  EXPECT_FALSE(meeting_.wait(mine, os::never));
  EXPECT_TRUE(meeting_.stage().broken);
  EXPECT_EQ(state().breaks.load(), 1U);
}

TEST_F(MeetingTest, ABreakThatWasNotDecidedIsNot) {
  test::run_and_die([this] {
    state().lock.acquire();
    state().broken[0] = 0;
  });
  test::notice_deaths();
  arrive();
  arrive();
  EXPECT_TRUE(meeting_.wait(arrive(), os::never));
  EXPECT_FALSE(meeting_.stage().broken);
}

TEST_F(MeetingTest, ADeathWakesAndBreaks) {
  const Meeting::Arrival mine = arrive();
  Child other([this] {
    arrive();
    test::wait_to_be_killed();
  });
  test::until([this] { return meeting_.stage().count == 2; });
  std::optional<bool> passed;
  std::jthread waiter([&] { passed = meeting_.wait(mine, os::never); });
  test::until([this] { return state().ended.sleepers.load() == 1; });
  other.kill();
  other.wait();
  test::notice_deaths();
  waiter.join();
  EXPECT_EQ(passed, false);
}

TEST_F(MeetingTest, PlacesOfTheDeadAreGivenAway) {
  for (int i = 0; i < 20; ++i) {
    test::run_and_die([this] { arrive(); });
    test::notice_deaths();
    EXPECT_TRUE(meeting_.stage().broken);
    meeting_.reset();
    EXPECT_FALSE(meeting_.stage().broken);
  }
  EXPECT_EQ(state().members.next.load(), 0U);
}

TEST_F(MeetingTest, AStoppedProcessWithTheLockHoldsNobodyUp) {
  cures().backstop = true;
  Child holder([this] {
    state().lock.acquire();
    test::wait_to_be_killed();
  });
  test::until([this] { return state().lock.owner() != 0; });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(meeting_.arrive(begin + 5ms));
  EXPECT_FALSE(meeting_.stage().broken);
  holder.kill();
  holder.wait();
  EXPECT_TRUE(meeting_.arrive(os::never));
  test::notice_deaths();
}

TEST_F(MeetingTest, EndsWithItsAction) {
  const auto before = test::use_now();
  {
    const SharedRef other = make(1);
    Outgoing outgoing(false);
    outgoing.add(other);
    const Offset message = Message::pack({}, outgoing, this_participant());
    const SharedRef meeting = Meeting::create(1, 0, true, message);
    EXPECT_EQ(test::use_now().parts, before.parts + 1);
  }
  EXPECT_EQ(test::use_now().parts, before.parts);
  EXPECT_EQ(test::use_now().objects, before.objects);
}

}  // namespace
}  // namespace multiprocess::detail
