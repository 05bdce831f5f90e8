// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/queue_handle.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace multiprocess::detail {
namespace {

TEST(QueueHandle, OutcomesBecomePythonsErrors) {
  EXPECT_NO_THROW(require_put(Outcome::done));
  EXPECT_THROW(require_put(Outcome::time_up), Full);
  EXPECT_THROW(require_put(Outcome::ended), ShutDown);
  EXPECT_NO_THROW(require_got(Outcome::done));
  EXPECT_THROW(require_got(Outcome::time_up), Empty);
  EXPECT_THROW(require_got(Outcome::ended), ShutDown);
}

TEST(QueueHandle, TryingTellsByItsResult) {
  EXPECT_TRUE(was_put(Outcome::done));
  EXPECT_FALSE(was_put(Outcome::time_up));
  EXPECT_THROW(was_put(Outcome::ended), ShutDown);
  EXPECT_TRUE(was_got(Outcome::done));
  EXPECT_FALSE(was_got(Outcome::time_up));
  EXPECT_THROW(was_got(Outcome::ended), ShutDown);
}

TEST(QueueHandle, IsClosedInOneProcess) {
  const SharedRef ref = ItemQueue::create(8, 1, false);
  EXPECT_NO_THROW(require_open(ref));
  EXPECT_THROW(require_closed(ref), AssertionError);
  close_queue(ref);
  EXPECT_THROW(require_open(ref), ValueError);
  EXPECT_NO_THROW(require_closed(ref));
  test::Child child([&ref] {
    EXPECT_NO_THROW(require_open(ref));
    EXPECT_THROW(require_closed(ref), AssertionError);
    close_queue(ref);
    EXPECT_THROW(require_open(ref), ValueError);
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST(QueueHandle, NoSizeIsNoLimit) {
  EXPECT_EQ(queue_capacity(0), unlimited);
  EXPECT_EQ(queue_capacity(-1), unlimited);
  EXPECT_EQ(queue_capacity(std::numeric_limits<std::ptrdiff_t>::min()), unlimited);
  EXPECT_EQ(queue_capacity(1), 1U);
  constexpr std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max();
  EXPECT_EQ(queue_capacity(most), static_cast<std::uint64_t>(most));
}

TEST(QueueHandle, ACountIsAnyIntegerThatFits) {
  EXPECT_EQ(count(5), 5);
  EXPECT_EQ(count(7U), 7);
  EXPECT_EQ(count(-3L), -3);
  EXPECT_THROW(count(~0ULL), ValueError);
}

}  // namespace
}  // namespace multiprocess::detail
