// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue_proxy.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/manager.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/managers.hpp"
#include "support/signals.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;
using mp::test::require;
using mp::test::until;

namespace {

class QueueProxies : public mp::test::OneManager {};
MULTIPROCESS_FOR_EACH_START_METHOD(QueueProxies);

TEST_P(QueueProxies, GiveItemsInTheirOrder) {
  const auto queue = manager().Queue<std::string>();
  EXPECT_TRUE(queue.empty());
  queue.put("one");
  queue.put_nowait("two");
  EXPECT_TRUE(queue.try_put(std::string(100000, 'x')));
  EXPECT_EQ(queue.qsize(), 3);
  EXPECT_EQ(queue.get(), "one");
  EXPECT_EQ(queue.get_nowait(), "two");
  EXPECT_EQ(queue.try_get(), std::string(100000, 'x'));
  EXPECT_EQ(queue.try_get(), std::nullopt);
  EXPECT_THROW(queue.get(false), mp::Empty);
  EXPECT_THROW(queue.get_nowait(), mp::Empty);
}

TEST_P(QueueProxies, AreFullAndMakeRoom) {
  const auto queue = manager().Queue<int>(2);
  queue.put(1);
  queue.put(2);
  EXPECT_TRUE(queue.full());
  EXPECT_THROW(queue.put(3, false), mp::Full);
  EXPECT_THROW(queue.put_nowait(3), mp::Full);
  EXPECT_FALSE(queue.try_put(3));
  mp::Process putter = start([queue] { queue.put(3); });
  EXPECT_EQ(queue.get(), 1);
  EXPECT_TRUE(putter.join(plenty));
  EXPECT_EQ(queue.get(), 2);
  EXPECT_EQ(queue.get(plenty), 3);
}

TEST_P(QueueProxies, GiveUpInTime) {
  const auto queue = manager().Queue<int>(1);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return queue.try_get(time); }));
  EXPECT_THROW(queue.get(1ms), mp::Empty);
  EXPECT_THROW(queue.get(true, 1ms), mp::Empty);
  queue.put(1);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return queue.try_put(2, time); }));
  EXPECT_THROW(queue.put(2, 1ms), mp::Full);
}

TEST_P(QueueProxies, TakeItemsOfAnyTypeAndProxies) {
  const auto queue = manager().Queue();
  queue.put(5);
  queue.put("text");
  queue.put(mp::None);
  queue.put(manager().list<int>({1, 2}));
  EXPECT_EQ(queue.get<int>(), 5);
  EXPECT_EQ(queue.get<std::string>(plenty), "text");
  EXPECT_TRUE(queue.get().is_none());
  EXPECT_EQ(queue.get<mp::ListProxy<int>>().copy(), (std::vector{1, 2}));
  queue.put(1.5);
  EXPECT_THROW(queue.get<int>(), mp::TypeError);
  EXPECT_TRUE(queue.empty());
}

TEST_P(QueueProxies, ServeManyPuttersAndGetters) {
  const auto queue = manager().Queue<int>(3);
  const auto sums = manager().Queue<int>();
  std::vector<mp::Process> processes;
  for (int i = 0; i < 2; ++i) {
    processes.push_back(start([queue] {
      for (int k = 1; k <= 200; ++k) {
        queue.put(k);
      }
    }));
    processes.push_back(start([queue, sums] {
      int sum = 0;
      for (const int item : queue) {
        sum += item;
      }
      sums.put(sum);
    }));
  }
  processes[0].join(plenty);
  processes[2].join(plenty);
  queue.shutdown();
  EXPECT_EQ(sums.get(plenty) + sums.get(plenty), 2 * 20100);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
  }
}

TEST_P(QueueProxies, AreShutDown) {
  const auto queue = manager().Queue<int>(1);
  queue.put(1);
  std::thread putter([queue] { EXPECT_THROW(queue.put(2), mp::ShutDown); });
  std::this_thread::sleep_for(20ms);  // that it waits by now is likely, and not necessary
  queue.shutdown();
  putter.join();
  EXPECT_THROW(queue.put(3), mp::ShutDown);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_THROW(queue.get(), mp::ShutDown);
  const auto other = manager().JoinableQueue<int>();
  other.put(1);
  std::thread joiner([other] { EXPECT_TRUE(other.join(plenty)); });
  other.shutdown(true);
  joiner.join();
  EXPECT_THROW(other.get(), mp::ShutDown);
}

TEST_P(QueueProxies, KnowWhatIsDone) {
  const auto queue = manager().JoinableQueue<int>();
  EXPECT_TRUE(queue.join());
  EXPECT_THROW(queue.task_done(), mp::ValueError);
  queue.put(1);
  queue.put(2);
  EXPECT_THROW(queue.task_done(), mp::ValueError);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return queue.join(time); }));
  mp::Process worker = start([queue] {
    for (int i = 0; i < 2; ++i) {
      queue.get();
      queue.task_done();
    }
  });
  EXPECT_TRUE(queue.join(plenty));
  EXPECT_TRUE(worker.join(plenty));
  EXPECT_EQ(queue.lost(), 0);
}

TEST_P(QueueProxies, SayWhichOfThemTheyAre) {
  EXPECT_TRUE(repr(manager().Queue<int>()).starts_with("<QueueProxy object, typeid 'Queue' at 0x"));
  EXPECT_TRUE(repr(manager().JoinableQueue<int>(5))
                  .starts_with("<QueueProxy object, typeid 'JoinableQueue' at 0x"));
}

TEST_P(QueueProxies, CountAsDoneWhatWasInTheHandsOfTheDead) {
  const auto queue = manager().JoinableQueue<int>();
  queue.put(1);
  queue.put(2);
  EXPECT_EQ(exitcode_of([queue] {
              queue.get();
              queue.get();
              mp::test::die();
            }),
            mp::test::killed);
  EXPECT_TRUE(queue.join(plenty));
  EXPECT_EQ(queue.lost(), 2);
  queue.task_done();
  EXPECT_EQ(queue.lost(), 1);
}

TEST_P(QueueProxies, AnItemDoesNotGoToOneWhoWasKilledWaitingForIt) {
  const auto queue = manager().Queue<int>();
  std::vector<mp::Process> getters;
  for (int i = 0; i < 5; ++i) {
    getters.push_back(start([queue] { queue.get(); }));
  }
  for (mp::Process& getter : getters) {
    getter.kill();
    EXPECT_TRUE(getter.join(plenty));
  }
  queue.put(7);
  EXPECT_EQ(queue.get(plenty), 7);
  const auto bounded = manager().Queue<int>(1);
  bounded.put(1);
  mp::Process putter = start([bounded] { bounded.put(2); });
  putter.kill();
  EXPECT_TRUE(putter.join(plenty));
  EXPECT_EQ(bounded.get(plenty), 1);
  EXPECT_TRUE(bounded.try_get(50ms).value_or(2) == 2);
}

TEST_P(QueueProxies, PrintAsPythonsDo) {
  EXPECT_TRUE(mp::test::shown(manager().Queue<int>()).starts_with("<queue.Queue object at 0x"));
}

}  // namespace
