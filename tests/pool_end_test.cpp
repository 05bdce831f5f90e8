// SPDX-License-Identifier: BSD-3-Clause
// What becomes of workers when their pool goes, is terminated, or is there as the program ends.
#include <multiprocess/pool.hpp>

#include <multiprocess/exit.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
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

/// Or a thread of the library would free a pool's memory while the process leaves.
TEST_P(PoolEndTest, WhatAPoolHadIsFreedByWhoDropsIt) {
  for (int i = 0; i < 100; ++i) {
    std::thread::id freed_by;
    mp::PoolOptions options = two();
    options.processes = 1;
    const auto note_thread = [&freed_by](int*) { freed_by = std::this_thread::get_id(); };
    options.on_callback_error = [had = std::shared_ptr<int>(nullptr, note_thread)](auto) {};
    mp::Pool(std::move(options)).close();
    ASSERT_EQ(freed_by, std::this_thread::get_id());
  }
}

// ---- the end of the program

enum class Kept { in_a_static, leaked };
enum class State { idle, busy, closed };

void hang_in_both(mp::Pool& pool) {
  const mp::Queue<int> begun;
  for (int i = 0; i < 2; ++i) {
    pool.apply_async([begun] {
      begun.put(1);
      mp::Queue<int>().get();
    });
    begun.get();
  }
}

void print_children(const char* when) {
  std::fprintf(stderr, "%s: %d; ", when, static_cast<int>(mp::active_children().size()));
}

/// Just before pools end, which is at 15, and just after.
void tell_at_exit() {
  mp::at_exit([] { print_children("before"); }, 16);
  mp::at_exit([] { print_children("after"); }, 14);
}

void end_program(const mp::PoolOptions& options, Kept kept, State state) {
  static std::unique_ptr<mp::Pool> pool;
  tell_at_exit();
  pool = std::make_unique<mp::Pool>(options);
  pool->map([](int) {}, {1, 2, 3});
  if (state != State::idle) {
    hang_in_both(*pool);
  }
  if (state == State::closed) {
    pool->close();
  }
  if (kept == Kept::leaked) {
    static const mp::Pool* const leaked = pool.release();
    EXPECT_NE(leaked, nullptr);
  }
  std::exit(5);
}

TEST_P(PoolEndTest, TheEndOfTheProgramEndsItsPools) {
  for (const Kept kept : {Kept::in_a_static, Kept::leaked}) {
    for (const State state : {State::idle, State::busy, State::closed}) {
      // Destructors of statics may come before all of that.
      EXPECT_EXIT(end_program(two(), kept, state), testing::ExitedWithCode(5),
                  kept == Kept::leaked ? "before: 2; after: 0; " : "after: 0; ");
    }
  }
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolEndTest);

}  // namespace
