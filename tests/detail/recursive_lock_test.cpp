// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/recursive_lock.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace multiprocess::detail {
namespace {

class RecursiveLockTest : public testing::Test {
 protected:
  test::InArena<RecursiveLock> lock_;
};

TEST_F(RecursiveLockTest, CountsItsHolder) {
  EXPECT_FALSE(lock_->release());
  EXPECT_TRUE(lock_->try_acquire());
  EXPECT_TRUE(lock_->try_acquire());
  EXPECT_TRUE(lock_->acquire(os::at_once));
  EXPECT_EQ(lock_->depth(), 3U);
  std::jthread([this] {
    EXPECT_FALSE(lock_->try_acquire());
    EXPECT_FALSE(lock_->acquire(os::at_once));
    EXPECT_FALSE(lock_->release());
  }).join();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(lock_->release());
  }
  EXPECT_EQ(lock_->owned().owner(), 0U);
}

TEST_F(RecursiveLockTest, WhoTakesItOverBeginsAtOne) {
  test::run_and_die([this] {
    for (int i = 0; i < 5; ++i) {
      lock_->acquire(os::never);
    }
  });
  EXPECT_TRUE(lock_->acquire(os::at_once)) << "the holder is asked after";
  EXPECT_EQ(lock_->depth(), 1U);
  EXPECT_TRUE(lock_->owned().was_taken_over());
  EXPECT_TRUE(lock_->release());
  EXPECT_FALSE(lock_->owned().was_taken_over());
  test::notice_deaths();
}

TEST_F(RecursiveLockTest, IsHandedOnAmongThreads) {
  int sum = 0;
  test::in_threads(4, [&](int) {
    for (int i = 0; i < 3000; ++i) {
      lock_->acquire(os::never);
      lock_->acquire(os::never);
      ++sum;
      lock_->release();
      lock_->release();
    }
  });
  EXPECT_EQ(sum, 12000);
}

}  // namespace
}  // namespace multiprocess::detail
