// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/item_queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <stdexcept>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

Outcome put(const ItemQueue& queue, std::uint64_t value, os::Deadline deadline = os::at_once) {
  return queue.put(deadline, [value](std::byte* payload, std::uint64_t) noexcept {
    std::memcpy(payload, &value, sizeof(value));
  });
}

Outcome get(const ItemQueue& queue, std::uint64_t& value, os::Deadline deadline = os::at_once) {
  return queue.get(
      deadline,
      [&value](const std::byte* payload) noexcept {
        std::memcpy(&value, payload, sizeof(value));
        return Take::item;
      },
      []() noexcept {});
}

std::optional<std::uint64_t> get(const ItemQueue& queue, os::Deadline deadline = os::at_once) {
  std::uint64_t value = 0;
  return get(queue, value, deadline) == Outcome::done ? std::optional(value) : std::nullopt;
}

/// Without the slices of a wait, a lost wake-up is a test that does not end.
class ItemQueueTest : public testing::Test {
 protected:
  ItemQueueTest() { cures().backstop = false; }
  ~ItemQueueTest() override { cures().backstop = true; }

  QueueState& state() const { return *static_cast<QueueState*>(ref_.address()); }

  SharedRef ref_ = ItemQueue::create(8, 3, false);
  ItemQueue queue_{ref_};
};

TEST_F(ItemQueueTest, SlotsFitTheItems) {
  const auto slot_for = [](std::size_t size) {
    const SharedRef ref = ItemQueue::create(size, unlimited, false);
    return static_cast<QueueState*>(ref.address())->slot_size;
  };
  EXPECT_EQ(slot_for(1), 16U);
  EXPECT_EQ(slot_for(8), 16U);
  EXPECT_EQ(slot_for(9), 32U);
  EXPECT_EQ(slot_for(24), 32U);
  EXPECT_EQ(slot_for(25), 64U);
  EXPECT_EQ(slot_for(56), 64U);
}

TEST_F(ItemQueueTest, TellsTheOutcome) {
  EXPECT_EQ(get(queue_), std::nullopt);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(put(queue_, i), Outcome::done);
  }
  EXPECT_EQ(put(queue_, 3), Outcome::time_up);
  EXPECT_EQ(put(queue_, 3, in(5ms)), Outcome::time_up);
  EXPECT_EQ(get(queue_), 0U);
  EXPECT_EQ(put(queue_, 3), Outcome::done);
  queue_.end(false);
  EXPECT_EQ(put(queue_, 4), Outcome::ended);
  std::uint64_t value = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(queue_, value), Outcome::done);
  }
  EXPECT_EQ(get(queue_, value), Outcome::ended);
}

TEST_F(ItemQueueTest, ItemsKnowTheirPositions) {
  for (std::uint64_t i = 0; i < 5000; ++i) {
    queue_.put(os::at_once, [i](std::byte*, std::uint64_t at) noexcept { EXPECT_EQ(at, i); });
    get(queue_);
  }
}

TEST_F(ItemQueueTest, WhatIsNotTakenStays) {
  put(queue_, 7);
  const auto keep = []() noexcept { ADD_FAILURE() << "kept what was not taken"; };
  EXPECT_EQ(queue_.get(
                os::at_once, [](const std::byte*) { return Take::nothing; }, keep),
            Outcome::time_up);
  const auto fail = [](const std::byte*) -> Take { throw std::runtime_error("no"); };
  EXPECT_THROW(queue_.get(os::at_once, fail, keep), std::runtime_error);
  EXPECT_EQ(queue_.size(), 1U);
  EXPECT_EQ(get(queue_), 7U);
}

TEST_F(ItemQueueTest, WhoTakesNothingWakesTheNext) {
  for (const bool throws : {false, true}) {
    std::atomic<bool> refused{false};
    std::atomic<int> taken{0};
    const auto take = [&](const std::byte*) {
      if (refused.exchange(true)) {
        ++taken;
        return Take::item;
      }
      return throws ? throw std::runtime_error("no") : Take::nothing;
    };
    {
      const auto look = [&] {
        try {
          queue_.get(os::never, take, []() noexcept {});
        } catch (const std::runtime_error&) {
          EXPECT_TRUE(throws);
        }
      };
      const std::jthread first(look);
      const std::jthread second(look);
      test::until([this] { return state().items.sleepers.load() == 2; });
      put(queue_, 7);
    }
    EXPECT_EQ(taken.load(), 1);
  }
}

TEST_F(ItemQueueTest, AnImmediateEndWaitsForWhoLooks) {
  put(queue_, 1);
  put(queue_, 2);
  test::Gate looks;
  test::Gate go_on;
  {
    const std::jthread getter([&] {
      const auto take = [&](const std::byte*) {
        looks.open();
        go_on.wait();
        return Take::nothing;
      };
      queue_.get(os::never, take, []() noexcept {});
    });
    looks.wait();
    const std::jthread ender([this] { queue_.end(true); });
    test::until([this] { return state().ended.load() != 0; });
    go_on.open();
  }
  EXPECT_EQ(queue_.size(), 0U);
}

/// Puts as far as the store that makes the item visible, and dies before it is counted. There must
/// be a segment with room.
void put_and_die(QueueState& state, std::uint64_t value) {
  test::run_and_die([&] {
    state.put_lock.acquire();
    const std::uint64_t tail = state.tail.load();
    Slot& slot = at<Segment>(state.tail_segment)->slot(tail, state.slot_size);
    std::memcpy(slot.payload(), &value, sizeof(value));
    slot.sequence = tail + 1;
  });
}

TEST_F(ItemQueueTest, TheNextPutterCountsWhatADeadOnePut) {
  put(queue_, 0);
  get(queue_);
  put_and_die(state(), 5);
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_EQ(put(queue_, 6), Outcome::done);
  EXPECT_EQ(queue_.size(), 2U);
  EXPECT_EQ(get(queue_), 5U);
  EXPECT_EQ(get(queue_), 6U);
}

TEST_F(ItemQueueTest, AGetterTakesWhatADeadOnePut) {
  put(queue_, 0);
  get(queue_);
  put_and_die(state(), 5);
  EXPECT_EQ(get(queue_, os::never), 5U);
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_EQ(get(queue_, in(5ms)), std::nullopt);
  EXPECT_EQ(put(queue_, 6), Outcome::done);
  EXPECT_EQ(queue_.size(), 1U);
  EXPECT_EQ(get(queue_), 6U);
}

TEST_F(ItemQueueTest, RoomThatADeadPutterLeftIsSeenByWhoWaits) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const SharedRef ref = ItemQueue::create(8, 1, false);
  const ItemQueue queue(ref);
  auto& narrow = *static_cast<QueueState*>(ref.address());
  put(queue, 0);
  {
    const std::jthread putter([&] { EXPECT_EQ(put(queue, 6, os::never), Outcome::done); });
    test::until([&] { return narrow.room.sleepers.load() == 1; });
    put_and_die(narrow, 5);
    narrow.head = 1;  // there was room for it, and there is none for the one who waits
    EXPECT_EQ(get(queue), 5U);
  }
  EXPECT_EQ(get(queue), 6U);
}

TEST_F(ItemQueueTest, AnUncountedItemAtTheEndOfASegment) {
  do {
    put(queue_, 0);
    get(queue_);
  } while (state().tail.load() + 1 < state().slots);
  put_and_die(state(), 5);
  EXPECT_EQ(get(queue_), 5U);
  EXPECT_EQ(get(queue_, in(5ms)), std::nullopt);
  EXPECT_EQ(put(queue_, 6), Outcome::done);
  EXPECT_EQ(get(queue_), 6U);
}

TEST_F(ItemQueueTest, ADeadGettersItemIsGivenAgain) {
  put(queue_, 5);
  test::run_and_die([this] {
    queue_.get(
        os::never, [](const std::byte*) -> Take { test::die(); }, []() noexcept {});
  });
  EXPECT_EQ(get(queue_), 5U);
}

TEST_F(ItemQueueTest, ADeathAmongSleepersCostsNoWakeUp) {
  Child victim([this] { get(queue_, os::never); });
  test::until([this] { return state().items.sleepers.load() == 1; });
  const std::jthread getter([this] { EXPECT_EQ(get(queue_, os::never), 5U); });
  test::until([this] { return state().items.sleepers.load() == 2; });
  victim.kill();
  victim.wait();
  put(queue_, 5);  // the wake-up may go to the dead one
  test::notice_deaths();
}

TEST_F(ItemQueueTest, NobodyIsToldFullBecauseOthersPut) {
  const SharedRef ref = ItemQueue::create(8, unlimited, false);
  const ItemQueue queue(ref);
  constexpr std::uint64_t each = 20'000;
  test::in_threads(4, [&queue](int) {
    for (std::uint64_t i = 0; i < each; ++i) {
      ASSERT_EQ(put(queue, 1, os::at_once), Outcome::done);
    }
  });
  EXPECT_EQ(queue.size(), 4 * each);
  std::atomic<std::uint64_t> got{0};
  test::in_threads(4, [&](int) {
    for (std::uint64_t i = 0; i < each; ++i) {
      ASSERT_EQ(get(queue, os::at_once), 1U);
      ++got;
    }
  });
  EXPECT_EQ(got.load(), 4 * each);
}

TEST_F(ItemQueueTest, ThreadsPassEverythingOn) {
  constexpr std::uint64_t each = 5000;
  std::atomic<std::uint64_t> sum{0};
  test::in_threads(8, [&](int number) {
    for (std::uint64_t i = 0; i < each; ++i) {
      if (number % 2 == 0) {
        ASSERT_EQ(put(queue_, i, os::never), Outcome::done);
      } else {
        sum += *get(queue_, os::never);
      }
    }
  });
  EXPECT_EQ(sum.load(), 4 * each * (each - 1) / 2);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(ItemQueueTest, TimedWaitersDoNotSwallowWakeUps) {
  constexpr std::uint64_t count = 4000;
  std::atomic<std::uint64_t> got{0};
  test::in_threads(4, [&](int number) {
    if (number < 2) {
      for (std::uint64_t i = 0; i < count / 2; ++i) {
        put(queue_, 1, os::never);
      }
    }
    while (number >= 2 && got < count) {
      if (get(queue_, in(std::chrono::milliseconds(number - 2)))) {
        ++got;
      }
    }
  });
  EXPECT_EQ(got.load(), count);
}

}  // namespace
}  // namespace multiprocess::detail
