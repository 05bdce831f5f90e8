// SPDX-License-Identifier: BSD-3-Clause
// Thousands of programs that are connected to a manager and ask nothing.
#include <multiprocess/manager.hpp>

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/pool.hpp>

#include "support/cpu_time.hpp"
#include "support/handle_limit.hpp"
#include "support/leftovers.hpp"
#include "support/managers.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

constexpr rlim_t usual_limit = 1024;  // what most systems let a process have at first
using Numbers = std::vector<int>;

rlimit limit_of_handles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

std::size_t open_handles(int pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

int next_handle() {
  return static_cast<int>(os::duplicate(0).get());
}

class ManagerCrowd : public mp::test::ConnectedManagers {
 protected:
  /// A server that may have no more descriptors than is usual, and clients that may.
  bool begin(std::size_t clients) {
    if (limit_of_handles().rlim_max < clients + usual_limit) {
      return false;
    }
    {
      const mp::test::HandleLimit usual(usual_limit);
      server_ = served();
    }
    many_.emplace(limit_of_handles().rlim_max);
    pid_ = server_->list<int>().apply([](Numbers&) { return mp::current_process().pid(); });
    return true;
  }
  /// So many more, each with a connection of its own.
  void gather(std::size_t clients) {
    while (clients-- != 0) {
      crowd_.push_back(connected(*server_));
    }
  }

  std::optional<mp::SyncManager> server_;
  int pid_ = 0;
  std::vector<mp::SyncManager> crowd_;

 private:
  std::optional<mp::test::HandleLimit> many_;
};
MULTIPROCESS_FOR_EACH_START_METHOD(ManagerCrowd);

TEST_P(ManagerCrowd, CostsNoThreadsAndNoTime) {
  constexpr std::size_t count = 2000;
  if (!begin(count)) {
    GTEST_SKIP() << "a process may not have so many descriptors";
  }
  gather(1);
  const auto numbers = crowd_.front().list<int>({1});
  const std::size_t threads = mp::test::threads_of(pid_).size();
  gather(count - 1);
  EXPECT_LE(mp::test::threads_of(pid_).size(), threads);
  EXPECT_GT(open_handles(pid_), count);

  const auto before = mp::test::cpu_time_of(pid_);
  std::this_thread::sleep_for(1s);  // what is measured
  EXPECT_LT(mp::test::cpu_time_of(pid_) - before, 10ms) << "1 % of a CPU";

  EXPECT_EQ(numbers.size(), 1);
  for (const std::size_t each : {std::size_t{0}, count / 2, count - 1}) {
    EXPECT_EQ(crowd_[each].number_of_objects(), 1U);
  }
  EXPECT_LE(mp::test::threads_of(pid_).size(), threads);
  crowd_.clear();
  const auto end = std::chrono::steady_clock::now() + plenty;
  while (open_handles(pid_) > usual_limit && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_LT(open_handles(pid_), usual_limit) << "those of clients who left";
}

/// The user's code in the server may be such as knows no descriptors above 1023.
TEST_P(ManagerCrowd, LeavesTheLowDescriptorsToOthers) {
  constexpr std::size_t count = usual_limit + 100;
  if (!begin(count)) {
    GTEST_SKIP() << "a process may not have so many descriptors";
  }
  gather(count);
  EXPECT_GT(open_handles(pid_), count);
  const auto numbers = server_->list<int>();
  EXPECT_LT(numbers.apply([](Numbers&) { return next_handle(); }), 200);

  mp::PoolOptions options;
  options.processes = 1;
  options.start_method = GetParam();
  const mp::PoolProxy pool = server_->Pool(options);
  EXPECT_EQ(pool.apply([] { return limit_of_handles().rlim_cur; }), usual_limit);
  EXPECT_LT(open_handles(pool.pids().at(0)), 200U) << "a child has the server's clients, too";
}

}  // namespace
