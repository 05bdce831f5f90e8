// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/units.hpp>

#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/word.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Without the slices of a wait, a lost wake-up is a test that does not end.
class UnitsTest : public testing::Test {
 protected:
  UnitsTest() { cures().backstop = false; }
  ~UnitsTest() override { cures().backstop = true; }

  UnitsState& state() const { return *static_cast<UnitsState*>(ref_.address()); }

  /// A process that has noted so much and taken so much is killed.
  void die_with(std::uint32_t noted, std::uint32_t taken) const {
    test::run_and_die([&] {
      for (std::uint32_t i = 0; i < noted; ++i) {
        EXPECT_TRUE(units_.try_acquire());
      }
      state().value += noted - taken;
    });
    test::notice_deaths();
  }

  SharedRef ref_ = Units::create(4, false);
  Units units_{ref_};
};

TEST_F(UnitsTest, WhatIsMissingComesBack) {
  die_with(2, 2);
  EXPECT_EQ(state().value.load(), 2U) << "nobody has looked yet";
  EXPECT_EQ(units_.value(), 4U);
  EXPECT_EQ(state().debt.load(), 0U);
}

TEST_F(UnitsTest, ANoteThatWasNeverTakenIsForgotten) {
  die_with(1, 0);
  EXPECT_EQ(units_.value(), 4U);
  EXPECT_EQ(state().debt.load(), 0U);
  die_with(3, 2);
  EXPECT_EQ(units_.value(), 4U);
}

TEST_F(UnitsTest, ADebtWaitsForALivingOneInTheMiddleOfAStep) {
  Holding& mine = Holders(ref_).own();
  mine.what = (std::uint64_t{1} << 32) + 1;  // as if this process was about to take one
  die_with(4, 4);
  EXPECT_EQ(units_.value(), 3U);
  EXPECT_EQ(state().debt.load(), 1U);
  mine.what = std::uint64_t{2} << 32;
  EXPECT_EQ(units_.value(), 4U);
  EXPECT_EQ(state().debt.load(), 0U);
}

TEST_F(UnitsTest, ADebtLapses) {
  Holding& mine = Holders(ref_).own();
  mine.what = (std::uint64_t{1} << 32) + 1;
  die_with(4, 4);
  EXPECT_EQ(units_.value(), 3U);
  state().debt_since = 1;
  EXPECT_EQ(units_.value(), 3U);
  EXPECT_EQ(state().debt.load(), 0U);
  mine.what = std::uint64_t{2} << 32;
  EXPECT_EQ(units_.value(), 3U);
}

TEST_F(UnitsTest, ADebtIsAtMostWhatIsOut) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  Holding& mine = Holders(ref_).own();
  mine.what = 100;  // it takes what others give back, over and over
  state().value = 3;
  test::run_and_die([this] {
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(units_.try_acquire());
      state().value += 1;
    }
  });
  test::notice_deaths();
  EXPECT_EQ(units_.value(), 3U);
  EXPECT_EQ(state().debt.load(), 1U);
  state().value = 4;
  EXPECT_EQ(units_.value(), 4U);
  EXPECT_EQ(state().debt.load(), 0U);
}

TEST_F(UnitsTest, WhoPaysAndIsKilledPaysOnce) {
  die_with(2, 2);
  test::run_and_die([this] {
    EXPECT_EQ(units_.value(), 4U);
    state().debt = 2;  // as if it had not come to that
  });
  test::notice_deaths();
  EXPECT_EQ(units_.value(), 4U);
  EXPECT_EQ(state().debt.load(), 0U);
}

TEST_F(UnitsTest, OneReleaseTooManyTakesTheNoteOnce) {
  Child other([this] {  // notes its units beside the value, so that this process has to use a note
    EXPECT_TRUE(units_.try_acquire());
    test::wait_to_be_killed();
  });
  test::until([this] { return state().beside.load() != 0; });
  EXPECT_TRUE(units_.try_acquire());
  EXPECT_TRUE(units_.release());
  EXPECT_TRUE(units_.release()) << "of somebody else's";
  const std::uint64_t note = Holders(ref_).own().what;
  EXPECT_EQ(note & 0xffffffffU, 0U);
  EXPECT_EQ(note >> 32, 2U) << "one acquire, one release of a unit of its own";
  EXPECT_EQ(state().value.load(), 4U);
  other.kill();
  other.wait();
  test::notice_deaths();
}

TEST_F(UnitsTest, AFewAreNotedBesideTheValueAndTheOthersInANote) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(units_.try_acquire());
  }
  const Holding& mine = Holders(ref_).own();
  EXPECT_EQ(state().beside.load() % 4, 3U);
  EXPECT_EQ(mine.what & 0xffffffffU, 1U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(units_.release());
  }
  EXPECT_EQ(state().beside.load(), 0U);
  EXPECT_EQ(mine.what & 0xffffffffU, 0U);
  EXPECT_EQ(state().value.load(), 5U);
}

TEST_F(UnitsTest, WhatTheKilledHadInBothPlacesComesBack) {
  die_with(4, 4);
  EXPECT_EQ(state().beside.load() % 4, 3U);
  EXPECT_EQ(units_.value(), 4U);
  EXPECT_EQ(state().beside.load(), 0U);
}

TEST_F(UnitsTest, WhatWasNotedBesideTheValueStaysTakenWhenItsProcessLeaves) {
  EXPECT_EQ(Child([this] {
              EXPECT_TRUE(units_.try_acquire());
              leave_participant();
            }).wait(),
            0);
  EXPECT_EQ(units_.value(), 3U);
  EXPECT_TRUE(units_.try_acquire());
  EXPECT_EQ(state().beside.load() % 4, 1U) << "this one's";
  EXPECT_TRUE(units_.release());
  EXPECT_EQ(units_.value(), 3U);
  test::notice_deaths();
}

TEST_F(UnitsTest, HoldingsOfTheDeadAreGivenAway) {
  for (int i = 0; i < 20; ++i) {
    die_with(1, 1);
    EXPECT_EQ(units_.value(), 4U);
  }
  EXPECT_EQ(state().holdings.next.load(), 0U);
}

TEST_F(UnitsTest, AReleaseWakesASleeperAndSoDoesADeath) {
  for (const bool by_death : {true, false}) {
    const SharedRef ref = Units::create(1, false);
    const Units units(ref);
    const auto& state = *static_cast<UnitsState*>(ref.address());
    Child holder([&] {
      EXPECT_TRUE(units.try_acquire());
      test::wait_to_be_killed();
    });
    test::until([&] { return units.value() == 0; });
    std::jthread waiter([&] { EXPECT_TRUE(units.acquire(os::never)); });
    test::until([&] { return state.sleepers.load() == 1; });
    if (!by_death) {
      EXPECT_TRUE(units.release());
      waiter.join();
    }
    holder.kill();
    holder.wait();
    test::notice_deaths();
  }
}

TEST_F(UnitsTest, WithoutNoticeTheHoldersAreAskedAfterBeforeASleep) {
  for (std::uint32_t i = 0; i < 4; ++i) {
    test::run_and_die([this] { EXPECT_TRUE(units_.try_acquire()); });
  }
  EXPECT_FALSE(units_.try_acquire());
  EXPECT_TRUE(units_.acquire(os::at_once));
  test::notice_deaths();
}

TEST_F(UnitsTest, AStoppedProcessWithTheLockHoldsNobodyUp) {
  cures().backstop = true;
  Child holder([this] {
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(units_.try_acquire());
    }
    state().lock.acquire();
    test::wait_to_be_killed();
  });
  test::until([this] { return state().lock.owner() != 0; });
  state().value = 1;
  EXPECT_TRUE(test::gives_up_in_time([&](auto time) { return units_.acquire(in(time)); }))
      << "no holding can be had";
  state().value = 0;
  EXPECT_TRUE(test::gives_up_in_time([&](auto time) { return units_.acquire(in(time)); }));
  holder.kill();
  holder.wait();
  EXPECT_TRUE(units_.acquire(in(20s)));
  test::notice_deaths();
}

TEST_F(UnitsTest, NothingIsLostAmongThreadsWhileOthersDie) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  std::atomic<bool> stop{false};
  test::in_threads(3, [&](int number) {
    if (number == 0) {
      for (int i = 0; i < 30; ++i) {
        test::run_and_die([this] { units_.acquire(os::never); });
        test::notice_deaths();
      }
      stop = true;
      return;
    }
    while (!stop) {
      ASSERT_TRUE(units_.acquire(in(20s)));
      ASSERT_TRUE(units_.release());
    }
  });
  EXPECT_EQ(units_.value(), 4U);
  EXPECT_EQ(state().debt.load(), 0U);
}

}  // namespace
}  // namespace multiprocess::detail
