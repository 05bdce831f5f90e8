// SPDX-License-Identifier: BSD-3-Clause
// Who ends in good order keeps what he has taken; only of the killed it comes back.
#include <multiprocess/manager.hpp>

#include <multiprocess/event.hpp>

#include "support/arena_use.hpp"
#include "support/managers.hpp"
#include "support/outside_call.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace mp = multiprocess;
using mp::test::plenty;

namespace {

class ManagerGoodbyes : public mp::test::OneManager {
 protected:
  /// A process that does `use(object)` and ends in good order while the server sleeps, after
  /// another one has begun to wait for what `ask(object)` returns.
  template <class Object, class Use, class Ask>
  int asked_before_the_end(const Object& object, Use use, Ask ask) {
    const mp::Event used;
    const mp::Event go;
    mp::Process user = start(
        [use](const Object& it, const mp::Event& done, const mp::Event& end) {
          use(it);
          done.set();
          end.wait();
        },
        object, used, go);
    const mp::Event ready;
    const mp::Event asks;
    mp::Process asker = start(
        [ask](const Object& it, const mp::Event& there, const mp::Event& now) {
          static_cast<void>(ask(it));  // it knows the server
          there.set();
          now.wait();
          mp::exit(ask(it) ? 1 : 0);
        },
        object, ready, asks);
    EXPECT_TRUE(used.wait(plenty) && ready.wait(plenty));
    const int server =
        manager().list<int>().apply([](std::vector<int>&) { return mp::current_process().pid(); });
    mp::test::stop_sleeping_process(server);
    asks.set();
    mp::test::until([&] { return mp::test::is_asleep(asker.pid()); });
    go.set();
    EXPECT_TRUE(user.join(plenty));
    mp::test::resume_process(server);
    EXPECT_TRUE(asker.join(plenty));
    EXPECT_EQ(user.exitcode(), 0);
    return asker.exitcode().value_or(-1);
  }
};

TEST_P(ManagerGoodbyes, AreHeardBeforeAUnitComesBack) {
  const auto units = manager().Semaphore(1);
  const auto take = [](const mp::AcquirerProxy& of) { of.acquire(false); };
  const auto try_it = [](const mp::AcquirerProxy& of) { return of.acquire(false); };
  EXPECT_EQ(asked_before_the_end(units, take, try_it), 0);
  EXPECT_EQ(units.get_value(), 0);
}

TEST_P(ManagerGoodbyes, AreHeardBeforeABarrierBreaks) {
  const auto barrier = manager().Barrier(1);
  const auto pass = [](const mp::BarrierProxy& it) { it.wait(); };
  const auto look = [](const mp::BarrierProxy& it) { return it.broken(); };
  EXPECT_EQ(asked_before_the_end(barrier, pass, look), 0);
  EXPECT_FALSE(barrier.broken());
}

/// The thread, which nobody joins, is all of the process that has ever called the server.
TEST_P(ManagerGoodbyes, AreSaidForThreadsThatStillRun) {
  const auto units = manager().Semaphore(2);
  mp::Process user = start(
      [](const mp::AcquirerProxy& of) {
        const mp::Event taken;
        std::thread([of, taken] {
          of.acquire();
          taken.set();
          std::this_thread::sleep_for(std::chrono::hours(1));
        }).detach();
        taken.wait();
      },
      units);
  ASSERT_TRUE(user.join(plenty));
  EXPECT_EQ(user.exitcode(), 0);
  EXPECT_EQ(units.get_value(), 1);
}

/// To each server that one of its threads has called.
TEST_P(ManagerGoodbyes, AreSaidToAllServers) {
  const auto second = started(GetParam());
  const auto here = manager().Semaphore(1);
  const auto there = second.Semaphore(1);
  mp::Process user = start(
      [](const mp::AcquirerProxy& of_one, const mp::AcquirerProxy& of_another) {
        of_one.acquire();
        const mp::Event taken;
        std::thread([of_another, taken] {
          of_another.acquire();
          taken.set();
          std::this_thread::sleep_for(std::chrono::hours(1));
        }).detach();
        taken.wait();
      },
      here, there);
  ASSERT_TRUE(user.join(plenty));
  EXPECT_EQ(here.get_value(), 0);
  EXPECT_EQ(there.get_value(), 0);
}

TEST_P(ManagerGoodbyes, AreNotSaidByTheKilled) {
  const auto units = manager().Semaphore(1);
  const mp::Event taken;
  mp::Process user = start(
      [](const mp::AcquirerProxy& of, const mp::Event& done) {
        std::jthread([of, done] {
          of.acquire();
          done.set();
          std::this_thread::sleep_for(std::chrono::hours(1));
        }).join();
      },
      units, taken);
  ASSERT_TRUE(taken.wait(plenty));
  user.kill();
  ASSERT_TRUE(user.join(plenty));
  EXPECT_EQ(units.get_value(), 1);
}

MULTIPROCESS_FOR_EACH_START_METHOD(ManagerGoodbyes);

}  // namespace
