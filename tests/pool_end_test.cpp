// SPDX-License-Identifier: BSD-3-Clause
// What becomes of workers when their pool goes, or is terminated.
#include <multiprocess/pool.hpp>

#include <multiprocess/queue.hpp>

#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace mp = multiprocess;

namespace {

class PoolEndTest : public mp::test::Pools {};

void print(int x) {
  std::printf("printf %d\n", x);
  std::cout << "cout " << x << '\n';
}

TEST_P(PoolEndTest, WorkersWithoutATaskWriteOutWhatTheyHavePrinted) {
  testing::internal::CaptureStdout();
  for (int i = 0; i < 10; ++i) {
    mp::Pool pool(two(), [] { std::printf("initializer\n"); });
    pool.map(print, {1, 2, 3});
    if (i % 2 == 0) {
      pool.terminate();
    }
  }
  const std::string all = testing::internal::GetCapturedStdout();
  for (const std::string line : {"printf 1\n", "printf 3\n", "cout 2\n"}) {
    int times = 0;
    for (auto at = all.find(line); at != all.npos; at = all.find(line, at + 1)) {
      ++times;
    }
    EXPECT_EQ(times, 10) << line;
  }
  EXPECT_NE(all.find("initializer\n"), all.npos);
}

TEST_P(PoolEndTest, WorkersWithoutATaskMakeTheirExitCall) {
  const mp::Queue<int> left;
  {
    mp::Pool pool(two());
    pool.at_worker_exit([left] { left.put(1); });
    pool.map(print, {1, 2, 3});
  }
  EXPECT_EQ(left.qsize(), 2);
}

TEST_P(PoolEndTest, AWorkerInATaskEndsInTheMidstOfIt) {
  const mp::Queue<int> begun;
  const mp::Queue<int> never;
  {
    mp::Pool pool(two());
    pool.apply_async([begun, never] {
      begun.put(1);
      never.get();
    });
    begun.get();
  }
  EXPECT_EQ(never.qsize(), 0);
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolEndTest);

}  // namespace
