// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>

#include "support/child.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

int square(int x) {
  return x * x;
}

/// The children of this process that are called so by now.
std::vector<int> children_called(const std::string& name) {
  std::vector<int> found;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(thread.path() / "children");
    for (int pid = 0; children >> pid;) {
      std::string comm;
      std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), comm);
      if (comm == name) {
        found.push_back(pid);
      }
    }
  }
  return found;
}

/// Workers that come later are copies of it.
TEST(PoolTemplate, MayBeKilledAsWell) {
  mp::PoolOptions two;
  two.processes = 2;
  two.start_method = mp::StartMethod::fork;
  mp::Pool pool(two);
  const auto end = std::chrono::steady_clock::now() + 20s;
  for (int round = 0; round < 3; ++round) {
    std::vector<int> templates;
    for (; templates.empty(); templates = children_called("mp-template")) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
    EXPECT_EQ(templates.size(), 1u);
    mp::test::kill_process(templates[0]);
    for (const int pid : pool.pids()) {
      mp::test::kill_process(pid);
    }
    while (pool.stats().workers_started < 4U + 2U * static_cast<unsigned>(round)) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
    EXPECT_EQ(pool.map(square, {1, 2, 3}), (std::vector{1, 4, 9}));
  }
  pool.close();
  pool.join();
  EXPECT_TRUE(children_called("mp-template").empty());
}

/// As programs do that become daemons.
void close_everything() {
  for (int number = 3; number < 1000; ++number) {
    close(number);
  }
}

TEST(PoolWithoutDescriptors, WorksAndEnds) {
  mp::test::Child child([] {
    mp::Pool pool(2);
    pool.map([](int x) { return x; }, {1, 2, 3});
    close_everything();
    int told = 0;
    for (int i = 0; i < 5; ++i) {
      try {
        told += pool.apply([] { return 1; });
      } catch (const mp::BrokenProcessPool&) {
        ++told;
      } catch (const mp::WorkerDied&) {
        ++told;
      }
    }
    mp::test::require(told == 5);
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(PoolWithoutDescriptors, EndsWhatItDoes) {
  mp::test::Child child([] {
    mp::Pool pool(2);
    const mp::Event begun;
    const auto endless = pool.apply_async(
        [](const mp::Event& begin) {
          begin.set();
          mp::test::wait_to_be_killed();
        },
        begun);
    begun.wait();
    close_everything();
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
