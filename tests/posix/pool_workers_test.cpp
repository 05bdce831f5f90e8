// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/outside_call.hpp"
#include "support/own_process.hpp"
#include "support/pools.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

// Workers and pools to whom something happens from outside of which nobody is told.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

using PoolWorkers = Pools;

constexpr auto soon = 10s;  // nobody sleeps longer than a second without looking

TEST_P(PoolWorkers, AnIdleOneThatIsStoppedDoesNotKeepTheOthersAsleep) {
  Pool pool(two());
  pool.map(twice, std::vector<int>(100));
  const auto pids = pool.pids();
  for (const int pid : pids) {
    // Then one of them is woken for the next call, and that may be the one that is stopped.
    until([&] { return std::all_of(pids.begin(), pids.end(), is_asleep); });
    kill(pid, SIGSTOP);
    EXPECT_EQ(pool.apply_async(twice, 3).get(soon), 6);
    kill(pid, SIGCONT);
  }
}

TEST_P(PoolWorkers, AreMissedAlsoWhenTheDescriptorsThatWatchThemAreClosed) {
  in_a_process([this] {
    std::mutex mutex;
    std::condition_variable told;
    int failed = 0;
    const Event begun;
    Pool pool(two());
    const auto result = pool.apply_async([begun] {
      begun.set();
      wait_to_be_killed();
    });
    result.on_error([&](const std::exception_ptr&) {
      const std::scoped_lock lock(mutex);
      ++failed;
      told.notify_all();
    });
    begun.wait();
    const auto pids = pool.pids();
    closefrom(3);
    for (const int pid : pids) {
      kill(pid, SIGKILL);
    }
    std::unique_lock lock(mutex);
    EXPECT_TRUE(told.wait_for(lock, soon, [&] { return failed == 1; }));
    detail::os::end_process(testing::Test::HasFailure() ? 1 : 0);  // not by the pool's end
  });
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolWorkers);

}  // namespace
}  // namespace multiprocess::test
