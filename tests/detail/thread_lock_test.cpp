// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_lock.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace multiprocess::detail {
namespace {

TEST(ThreadLockTest, LetsOneThreadInAtATime) {
  ThreadLock lock;
  int count = 0;
  const auto work = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const std::scoped_lock guard(lock);
      ++count;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(count, 80'000);
}

TEST(ThreadLockTest, IsFreeInAForkedChild) {
  ThreadLock lock;
  const std::scoped_lock guard(lock);
  test::Child child([&lock] {
    lock.lock();
    lock.unlock();
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace multiprocess::detail
