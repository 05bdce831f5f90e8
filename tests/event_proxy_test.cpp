// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/event_proxy.hpp>

#include <multiprocess/manager.hpp>

#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/managers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;

namespace {

class EventProxies : public mp::test::OneManager {};
MULTIPROCESS_FOR_EACH_START_METHOD(EventProxies);

TEST_P(EventProxies, AreSetAndCleared) {
  const mp::EventProxy event = manager().Event();
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait(0s));
  event.set();
  event.set();
  EXPECT_TRUE(event.is_set());
  EXPECT_TRUE(event.wait());
  EXPECT_TRUE(fmt::format("{}", event).ends_with(" set>"));
  event.clear();
  EXPECT_FALSE(event.is_set());
  EXPECT_TRUE(fmt::format("{}", event).ends_with(" unset>"));
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return event.wait(time); }));
}

TEST_P(EventProxies, WakeAllAlsoWhenTheyAreClearedAtOnce) {
  const mp::EventProxy event = manager().Event();
  const mp::AcquirerProxy ready = manager().Semaphore(0);
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start([event, ready] {
      ready.release();
      require(event.wait(plenty));
    }));
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([event, ready] {
      ready.release();
      EXPECT_TRUE(event.wait(plenty));
    });
  }
  for (int i = 0; i < 53; ++i) {
    EXPECT_TRUE(ready.acquire(plenty));
  }
  std::this_thread::sleep_for(50ms);  // that they wait is likely, and not necessary
  event.set();
  event.clear();
  event.set();
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
    EXPECT_EQ(process.exitcode(), 0);
  }
}

TEST_P(EventProxies, AKilledWaiterDisturbsNobody) {
  const mp::EventProxy event = manager().Event();
  mp::Process waiter = start([event] { event.wait(); });
  waiter.kill();
  EXPECT_TRUE(waiter.join(plenty));
  event.set();
  EXPECT_TRUE(event.wait(plenty));
}

}  // namespace
