// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/repair.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/item_queue.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/self.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::Child;
using test::use_now;

Life state_of(Ticket ticket) {
  return life_of(participant(ticket.slot).life.load());
}

TEST(Repair, FreesWhatTheDeadHeld) {
  const auto before = use_now();
  test::run_and_die([] {
    allocate(100);
    allocate(1'000'000);
    ItemQueue::create(8, 1, false);
    new SharedRef(ItemQueue::create(8, 1, false));
    Message::prepare(500, std::vector<SharedRef>(1, ItemQueue::create(8, 1, false)));
  });
  EXPECT_NE(use_now(), before);
  test::notice_deaths();
  EXPECT_EQ(use_now(), before);
}

TEST(Repair, AMarkOnlySaysIt) {
  const Ticket place = reserve_participant(false);
  EXPECT_TRUE(mark_end(place));
  EXPECT_EQ(state_of(place), Life::dead);
  EXPECT_TRUE(is_over(place));
  EXPECT_TRUE(mark_end(place));
  clear_away_the_dead();
  EXPECT_EQ(state_of(place), Life::free);
  EXPECT_FALSE(mark_end(place)) << "that is over already";
}

TEST(Repair, WaitsForWhoInherited) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const Ticket self = this_participant();
  const Ticket child = reserve_participant(true);
  const int parent = os::current_pid();
  test::InArena<std::array<std::atomic<std::uint64_t>, 2>> tickets;
  test::run_and_die([&] {
    enter_as(child);
    (*tickets)[0] = this_participant().word();
    (*tickets)[1] = reserve_participant(true).word();
    // The grandchild runs, as far as anybody can tell.
    name_participant(Ticket::from((*tickets)[1]), parent);
  });
  const Ticket grandchild = Ticket::from((*tickets)[1]);
  note_end(child);
  EXPECT_EQ(state_of(child), Life::dead) << "the grandchild has inherited from it";
  EXPECT_EQ(participant(self.slot).pins.load(), 1U);
  note_end(grandchild);
  EXPECT_EQ(state_of(child), Life::free);
  EXPECT_EQ(state_of(grandchild), Life::free);
  EXPECT_EQ(participant(self.slot).pins.load(), 0U);
}

TEST(Repair, IsNotDoneByWhoHoldsWhatItNeeds) {
  const Ticket place = reserve_participant(false);
  {
    PrivateLock lock;
    lock.lock();
    note_end(place);
    EXPECT_EQ(state_of(place), Life::dead);
    lock.unlock();
  }
  clear_away_the_dead();
  EXPECT_EQ(state_of(place), Life::free);
}

TEST(Repair, GoesOnWhereADeadOneStopped) {
  const auto before = use_now();
  for (int i = 0; i < 10; ++i) {
    test::run_and_die([i] {
      test::notice_deaths();
      for (int k = 0; k < 5; ++k) {
        new SharedRef(ItemQueue::create(8, 1, false));
      }
      if (i % 3 == 0) {
        at<OwnedLock>(area::repair)->acquire();
      }
    });
  }
  test::notice_deaths();
  EXPECT_EQ(use_now(), before);
  EXPECT_EQ(at<OwnedLock>(area::repair)->owner(), 0U);
}

TEST(Repair, SeveralProcessesDoItAtOnce) {
  const auto before = use_now();
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<Child>> children;
    test::Gate ready;
    for (int i = 0; i < 8; ++i) {
      children.push_back(std::make_unique<Child>([&ready] {
        for (int k = 0; k < 20; ++k) {
          new SharedRef(ItemQueue::create(8, 1, false));
        }
        ready.open();
        test::wait_to_be_killed();
      }));
    }
    for (int i = 0; i < 8; ++i) {
      ready.wait();
    }
    for (const auto& child : children) {
      child->kill();
    }
    Child helper([] { test::in_threads(2, [](int) { test::notice_deaths(); }); });
    test::in_threads(3, [](int) { test::notice_deaths(); });
    children.clear();
    EXPECT_EQ(helper.wait(), 0);
    test::notice_deaths();
  }
  EXPECT_EQ(use_now(), before);
}

TEST(Repair, LeavingGivesEverythingBack) {
  if (test::under_thread_sanitizer) {
    GTEST_SKIP() << "who has threads does not leave, and the sanitizer has one";
  }
  const auto before = use_now();
  Child child([] {
    new SharedRef(ItemQueue::create(8, 1, false));
    const ItemQueue queue(*new SharedRef(ItemQueue::create(8, 1, false)));
    queue.put(os::at_once, [](std::byte*, std::uint64_t) noexcept {});
    leave_participant();
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(use_now(), before) << "before anybody has noticed its end";
  test::notice_deaths();
}

TEST(Repair, WhoLeavesKeepsWhatItsChildrenInherited) {
  const auto before = use_now();
  test::Gate entered;
  test::Gate go_on;
  Child child([&] {
    const SharedRef ref = ItemQueue::create(8, 1, false);
    new Child([&] {
      this_participant();
      entered.open();
      go_on.wait();
      const SharedRef mine = take_reference(ref.offset());
      go_on.open();
    });
    entered.wait();
    leave_participant();
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
  EXPECT_EQ(use_now().objects, before.objects + 1);
  go_on.open();
  test::until([&] {
    test::notice_deaths();
    return use_now() == before;
  });
}

}  // namespace
}  // namespace multiprocess::detail
