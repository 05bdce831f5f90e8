// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/participants.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;
using test::InArena;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

Life state_of(Ticket ticket) {
  return life_of(participant(ticket.slot).life.load());
}

TEST(Ticket, NobodyIsFalse) {
  EXPECT_FALSE(Ticket{});
  EXPECT_TRUE((Ticket{1, 1}));
  EXPECT_TRUE(is_over(Ticket{}));
  EXPECT_TRUE(is_over(Ticket{most_participants + 1, 0}));
}

TEST(Ticket, FitsIntoAWord) {
  const Ticket ticket{4096, 0xfffffffe};
  EXPECT_EQ(Ticket::from(ticket.word()), ticket);
}

TEST(Participants, ThisProcessIsOne) {
  const Ticket self = this_participant();
  EXPECT_TRUE(self);
  EXPECT_EQ(this_participant(), self);
  EXPECT_FALSE(is_over(self));
  EXPECT_FALSE(check_participant(self));
  EXPECT_EQ(state_of(self), Life::live);
  std::jthread([self] { EXPECT_EQ(this_participant(), self); });
}

TEST(Participants, AReservedPlaceBecomesTheChilds) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  if (test::under_thread_sanitizer) {
    GTEST_SKIP() << "who has threads does not leave, and the sanitizer has one";
  }
  const Ticket place = reserve_participant(true);
  EXPECT_EQ(state_of(place), Life::reserved);
  EXPECT_FALSE(is_over(place));
  EXPECT_FALSE(check_participant(place)) << "nobody knows its number yet";
  Child child([place] {
    enter_as(place);
    EXPECT_EQ(this_participant(), place);
    EXPECT_EQ(state_of(place), Life::live);
    leave_participant();
    EXPECT_EQ(state_of(place), Life::left);
  });
  name_participant(place, child.pid());
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(is_over(place));
  note_end(place);
  EXPECT_EQ(state_of(place), Life::free);
}

TEST(Participants, AChildThatUsedNothingFreesItsPlaceToo) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const Ticket place = reserve_participant(true);
  Child child([place] { enter_as(place); });
  name_participant(place, child.pid());
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(check_participant(place));
  note_end(place);
  EXPECT_EQ(state_of(place), Life::free);
}

TEST(Participants, ANameDoesNotReplaceWhatTheChildSaid) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const Ticket place = reserve_participant(true);
  test::Gate entered;
  Child child([&] {
    enter_as(place);
    entered.open();
    test::wait_to_be_killed();
  });
  entered.wait();
  const std::uint64_t image = participant(place.slot).image.read(place.generation);
  EXPECT_NE(image, 0U);
  name_participant(place, child.pid());
  EXPECT_EQ(participant(place.slot).image.read(place.generation), image);
  EXPECT_FALSE(check_participant(place));
  child.kill();
  child.wait();
  EXPECT_TRUE(check_participant(place));
  note_end(place);
}

TEST(LifeNote, SaysWhatWasSaidOfThatLife) {
  constexpr std::uint64_t largest = (std::uint64_t{1} << 48) - 1;
  test::InArena<LifeNote> note;
  EXPECT_EQ(note->read(1), 0U);
  note->write(1, largest);
  EXPECT_EQ(note->read(1), largest);
  EXPECT_EQ(note->read(2), 0U);
  note->write(1, 5);
  EXPECT_EQ(note->read(1), 5U);
}

TEST(LifeNote, WhatComesTooLateChangesNothing) {
  test::InArena<LifeNote> note;
  for (const std::uint32_t generation : {7U, 0x8001U, 0xffffU, 0x10000U, 0x12345U}) {
    note->write(generation, generation);
    note->write(generation - 1, 1);
    EXPECT_EQ(note->read(generation), generation);
    EXPECT_EQ(note->read(generation - 1), 0U);
  }
}

TEST(Participants, ANameThatComesTooLateIsNobodys) {
  Child dead([] {});
  const int pid = dead.pid();
  EXPECT_EQ(dead.wait(), 0);
  const Ticket former = reserve_participant(false);
  cancel_participant(former);
  name_participant(former, pid);
  const Ticket place = reserve_participant(false);
  ASSERT_EQ(place.slot, former.slot);
  EXPECT_FALSE(check_participant(place)) << "the other one's name counts";
  name_participant(place, os::current_pid());
  name_participant(former, pid);
  EXPECT_FALSE(check_participant(place)) << "the other one's name counts";
  EXPECT_EQ(pid_in(participant(place.slot)), static_cast<std::uint32_t>(os::current_pid()));
  cancel_participant(place);
}

TEST(Participants, ACancelledStartFreesItsPlace) {
  const Ticket place = reserve_participant(true);
  cancel_participant(place);
  EXPECT_TRUE(is_over(place));
  EXPECT_EQ(state_of(place), Life::free);
  EXPECT_EQ(participant(this_participant().slot).pins.load(), 0U);
}

TEST(Participants, AnEndMayBeNotedAgain) {
  const Ticket place = reserve_participant(false);
  for (int i = 0; i < 3; ++i) {
    note_end(place);
    EXPECT_TRUE(is_over(place));
  }
}

TEST(Participants, TheNextLifeOfAPlaceIsAnother) {
  const Ticket first = reserve_participant(false);
  cancel_participant(first);
  const Ticket second = reserve_participant(false);
  EXPECT_EQ(second.slot, first.slot) << "places are used again first";
  EXPECT_NE(second, first);
  EXPECT_TRUE(is_over(first));
  note_end(first);
  EXPECT_FALSE(is_over(second));
  cancel_participant(second);
}

TEST(Participants, APlainForkIsFoundDead) {
  test::run_and_die([] { this_participant(); });
  Child child([] { this_participant(); });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
  const std::uint64_t last = census().high_water.load();
  for (std::uint32_t slot = 1; slot <= last; ++slot) {
    EXPECT_EQ(life_of(participant(slot).life.load()),
              slot == this_participant().slot ? Life::live : Life::free);
  }
}

TEST(Participants, WhatAKilledParentReservedIsFreed) {
  InArena<std::atomic<std::uint64_t>> child;
  for (const bool forks : {false, true}) {
    test::run_and_die([&] { *child = reserve_participant(forks).word(); });
    const Ticket place = Ticket::from(*child);
    test::notice_deaths();
    EXPECT_TRUE(is_over(place));
    EXPECT_EQ(state_of(place), Life::free);
  }
}

TEST(Participants, TheExitCodeIsStored) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const Ticket place = reserve_participant(true);
  EXPECT_EQ(exit_code(place), std::nullopt);
  EXPECT_FALSE(wait_exit_code(place, os::at_once));
  EXPECT_FALSE(wait_exit_code(place, in(5ms)));
  Child child([place] {
    enter_as(place);
    set_exit_code(place, -11);
  });
  EXPECT_TRUE(wait_exit_code(place, os::never));
  EXPECT_EQ(exit_code(place), -11);
  EXPECT_EQ(child.wait(), 0);
  note_end(place);
}

TEST(Participants, TheNextChildHasNoExitCodeYet) {
  const Ticket first = reserve_participant(false);
  set_exit_code(first, 3);
  EXPECT_EQ(exit_code(first), 3);
  note_end(first);
  const Ticket second = reserve_participant(false);
  EXPECT_EQ(exit_code(second), std::nullopt);
  cancel_participant(second);
}

TEST(Participants, SomebodyWhoLeftMayComeBack) {
  if (test::under_thread_sanitizer) {
    GTEST_SKIP() << "who has threads does not leave, and the sanitizer has one";
  }
  Child child([] {
    const Ticket first = this_participant();
    leave_participant();
    EXPECT_TRUE(is_over(first));
    leave_participant();  // is nobody now
    const Ticket second = this_participant();
    EXPECT_NE(second, first);
    EXPECT_FALSE(is_over(second));
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST(Participants, AreAtMost4096) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  this_participant();
  std::vector<Ticket> all;
  for (std::uint32_t i = 1; i < most_participants; ++i) {
    all.push_back(reserve_participant(false));
  }
  EXPECT_THROW(reserve_participant(false), RuntimeError);
  EXPECT_THROW(reserve_participant(true), RuntimeError);
  EXPECT_EQ(participant(this_participant().slot).pins.load(), 0U);
  Child child([] { EXPECT_THROW(this_participant(), RuntimeError); });
  EXPECT_EQ(child.wait(), 0);
  cancel_participant(all.front());
  all.front() = reserve_participant(false);
  for (const Ticket ticket : all) {
    mark_end(ticket);
  }
  clear_away_the_dead();
  EXPECT_EQ(state_of(all.back()), Life::free);
}

TEST(Participants, ThreadsStartChildrenAtOnce) {
  test::in_threads(4, [](int) {
    for (int i = 0; i < 300; ++i) {
      const Ticket first = reserve_participant(i % 2 == 0);
      const Ticket second = reserve_participant(true);
      EXPECT_NE(first.slot, second.slot);
      set_exit_code(second, i);
      EXPECT_EQ(exit_code(second), i);
      note_end(first);
      note_end(second);
      EXPECT_TRUE(is_over(first));
    }
  });
  EXPECT_EQ(participant(this_participant().slot).pins.load(), 0U);
}

}  // namespace
}  // namespace multiprocess::detail
