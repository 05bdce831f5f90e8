// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/hands.hpp>

#include <multiprocess/detail/queue_item.hpp>
#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using Numbers = QueueItem<std::uint64_t>;

/// Without the slices of a wait, a lost wake-up is a test that does not end.
class HandsTest : public testing::Test {
 protected:
  HandsTest() { cures().backstop = false; }
  ~HandsTest() override { cures().backstop = true; }

  void put(int count = 1) const {
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(Numbers::put(queue_, 7, os::at_once), Outcome::done);
    }
  }
  bool get() const {
    Outcome outcome{};
    return Numbers::get(queue_, os::at_once, outcome).has_value();
  }
  bool is_finished() const { return hands_.join(os::at_once); }

  QueueState& queue_state() const { return *static_cast<QueueState*>(ref_.address()); }
  HandsState& state() const { return *at<HandsState>(queue_state().hands); }

  /// A child takes so many items and dies.
  void take_and_die(int count) const {
    test::run_and_die([&] {
      for (int i = 0; i < count; ++i) {
        EXPECT_TRUE(get());
      }
    });
  }

  SharedRef ref_ = Hands::create(&Numbers::create, unlimited);
  ItemQueue queue_{ref_};
  Hands hands_{queue_};
};

TEST_F(HandsTest, CountsFromPutToDone) {
  EXPECT_TRUE(is_finished());
  put(2);
  EXPECT_FALSE(is_finished());
  EXPECT_FALSE(hands_.task_done());
  EXPECT_TRUE(get() && get());
  EXPECT_TRUE(hands_.task_done());
  EXPECT_FALSE(is_finished());
  EXPECT_TRUE(hands_.task_done());
  EXPECT_TRUE(is_finished());
  EXPECT_FALSE(hands_.task_done());
}

TEST_F(HandsTest, AnotherQueueHasNone) {
  const SharedRef plain = Numbers::create(unlimited);
  EXPECT_THROW(Hands{ItemQueue(plain)}, TypeError);
}

TEST_F(HandsTest, AHandIsFoundAgain) {
  Hand& mine = hands_.own();
  EXPECT_EQ(&hands_.own(), &mine);
  const SharedRef again = take_reference(ref_.offset());
  EXPECT_EQ(&Hands(ItemQueue(again)).own(), &mine) << "another handle of this process";
  EXPECT_EQ(mine.ticket.load(), this_participant().word());
}

TEST_F(HandsTest, HandsOfTheDeadAreEmptied) {
  put(5);
  take_and_die(2);
  EXPECT_FALSE(is_finished());
  EXPECT_EQ(hands_.lost(), 0U) << "nobody knows of the death yet";
  test::notice_deaths();
  EXPECT_EQ(hands_.lost(), 2U);
  EXPECT_EQ(state().finished.load(), 2U);
  take_and_die(3);
  test::notice_deaths();
  EXPECT_TRUE(is_finished());
  EXPECT_EQ(hands_.lost(), 5U);
}

TEST_F(HandsTest, AnEmptiedHandIsGivenAway) {
  for (int i = 0; i < 20; ++i) {
    put();
    take_and_die(1);
    test::notice_deaths();
  }
  EXPECT_EQ(state().first.next.load(), 0U);
  EXPECT_EQ(hands_.lost(), 20U);
}

TEST_F(HandsTest, ThereAreAsManyAsTakers) {
  constexpr int takers = 2 * HandBlock::most + 1;
  put(takers);
  for (int i = 0; i < takers; ++i) {
    take_and_die(1);  // it lives on as far as anybody knows
  }
  EXPECT_NE(state().first.next.load(), 0U);
  EXPECT_TRUE(queue_.size() == 0);
  for (int i = 0; i < takers; ++i) {
    EXPECT_FALSE(is_finished());
    EXPECT_TRUE(hands_.task_done()) << "on behalf of another";
  }
  EXPECT_TRUE(is_finished());
  test::notice_deaths();
  EXPECT_EQ(hands_.lost(), 0U);
}

/// A child dies in advance_head: `steps` stores after the record was written.
void die_while_taking(const ItemQueue& queue, QueueState& state, int steps) {
  Hand& parents = Hands(queue).own();
  const std::uint64_t head = state.head.load() + 1;
  test::run_and_die([&] {
    Hand& mine = Hands(queue).own();
    EXPECT_NE(&mine, &parents);
    state.get_lock.acquire();
    state.counted = mine.gets + 1;
    state.counted_head = head;
    state.counter = offset_of(&mine.gets);
    if (steps > 0) {
      state.head = head;
    }
    if (steps > 1) {
      mine.gets += 1;
    }
  });
  test::notice_deaths();
}

TEST_F(HandsTest, AnItemIsTakenWithTheStoreOfTheHead) {
  put(6);
  for (const int steps : {0, 1, 2}) {
    const std::uint64_t lost = hands_.lost();
    die_while_taking(queue_, queue_state(), steps);
    EXPECT_EQ(hands_.lost(), lost + (steps == 0 ? 0 : 1)) << "after " << steps;
    EXPECT_EQ(queue_state().counter.load(), 0U);
  }
  EXPECT_EQ(queue_.size(), 4U);
}

TEST_F(HandsTest, TheNextGetterCountsForTheDeadOne) {
  put(3);
  die_while_taking(queue_, queue_state(), 1);
  EXPECT_TRUE(get());
  EXPECT_EQ(hands_.own().gets.load(), 1U);
  EXPECT_EQ(hands_.lost(), 1U);
  EXPECT_TRUE(get() && hands_.task_done() && hands_.task_done());
  EXPECT_TRUE(is_finished());
}

TEST_F(HandsTest, AnItemThatIsTakenBeforeItIsCountedAsPut) {
  put();
  EXPECT_TRUE(get());  // A
  test::run_and_die([this] {
    queue_state().put_lock.acquire();
    const std::uint64_t tail = queue_state().tail.load();
    at<Segment>(queue_state().tail_segment)->slot(tail, queue_state().slot_size).sequence =
        tail + 1;
  });
  test::notice_deaths();
  EXPECT_TRUE(get());  // B
  EXPECT_TRUE(hands_.task_done());
  EXPECT_FALSE(is_finished()) << "one of them is still in hand";
  EXPECT_TRUE(hands_.task_done());
  EXPECT_TRUE(is_finished());
  put();
  EXPECT_FALSE(is_finished());
  EXPECT_TRUE(get() && hands_.task_done());
  EXPECT_TRUE(is_finished());
}

TEST_F(HandsTest, DiscardedItemsAreFinished) {
  put(2);
  EXPECT_EQ(queue_.get(
                os::at_once, [](const std::byte*) { return Take::discard; }, []() noexcept {}),
            Outcome::done);
  EXPECT_FALSE(hands_.task_done());
  queue_.end(true);
  EXPECT_TRUE(is_finished());
  EXPECT_EQ(state().finished.load(), 2U);
  EXPECT_EQ(hands_.lost(), 0U);
}

TEST_F(HandsTest, WhoDiscardsTheLastTellsTheJoiners) {
  put();
  const std::jthread joiner([this] { EXPECT_TRUE(hands_.join(os::never)); });
  test::until([this] { return state().joiners.sleepers.load() == 1; });
  queue_.get(
      os::never, [](const std::byte*) { return Take::discard; }, []() noexcept {});
  queue_.tell_joiners();
}

TEST_F(HandsTest, AJoinerGivesUpWhenSomebodyKeepsTheLock) {
  state().lock.acquire();
  std::jthread([this] {
    EXPECT_FALSE(hands_.join(std::chrono::steady_clock::now() + 5ms));
  }).join();
  state().lock.release();
  EXPECT_TRUE(is_finished());
}

TEST_F(HandsTest, NothingIsCountedTwiceAndNoJoinerIsEarly) {
  constexpr int each = 3000;
  std::atomic<int> done{0};
  std::atomic<int> sent{0};
  test::in_threads(6, [&](int number) {
    if (number < 2) {
      for (int i = 0; i < each; ++i) {
        put();
        ++sent;
      }
    } else if (number < 4) {
      Outcome outcome{};
      for (int i = 0; i < each; ++i) {
        Numbers::get(queue_, os::never, outcome);
        ++done;
        ASSERT_TRUE(hands_.task_done());
      }
    } else {
      while (done < 2 * each) {
        const int before = sent;
        ASSERT_TRUE(hands_.join(os::never));
        ASSERT_GE(done, before);
      }
    }
  });
  EXPECT_TRUE(is_finished());
  EXPECT_FALSE(hands_.task_done());
}

TEST_F(HandsTest, EndWithTheQueue) {
  const auto before = test::use_now();
  {
    const SharedRef ref = Hands::create(&Numbers::create, unlimited);
    const ItemQueue queue(ref);
    for (std::size_t i = 0; i < HandBlock::most + 1; ++i) {
      test::run_and_die([&] { Hands(queue).own(); });
    }
    EXPECT_EQ(test::use_now().parts, before.parts + 2);
    test::notice_deaths();
  }
  EXPECT_EQ(test::use_now().objects, before.objects);
  EXPECT_EQ(test::use_now().parts, before.parts);
}

TEST_F(HandsTest, MemoryThatIsShortLeavesNothing) {
  const auto before = test::use_now();
  const auto fail = [](std::uint64_t, Offset) -> SharedRef { throw std::bad_alloc(); };
  EXPECT_THROW(Hands::create(fail, unlimited), std::bad_alloc);
  EXPECT_EQ(test::use_now(), before);
}

}  // namespace
}  // namespace multiprocess::detail
