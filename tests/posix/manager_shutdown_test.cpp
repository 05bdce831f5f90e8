// SPDX-License-Identifier: BSD-3-Clause
// The end of a manager whose server does not end when it is told to.
#include <multiprocess/manager.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/process.hpp>

#include "support/latch.hpp"
#include "support/managers.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds patience = 1s;  // before each further step
constexpr std::chrono::seconds margin = 3s;    // the machine may have other things to do

/// In the server: its end waits for what never comes.
void never_end() {
  mp::at_exit([] {
    while (true) {
      ::pause();
    }
  });
}

void ignore_and_never_end() {
  ::signal(SIGTERM, SIG_IGN);
  never_end();
}

/// Of two calls, one from the tree and one from outside, that wait when it begins.
struct Waiting {
  void get(const mp::QueueProxy<int>& queue) {
    begun.count_down();
    try {
      queue.get();
      ADD_FAILURE() << "there was nothing";
    } catch (const mp::EOFError&) {
    } catch (const std::system_error& error) {
      EXPECT_TRUE(error.code() == std::errc::broken_pipe ||
                  error.code() == std::errc::connection_refused)  // it came too late
          << error.what();
    }
  }

  mp::test::Latch begun{2};
};

class ManagerShutdown : public mp::test::ConnectedManagers {
 protected:
  /// Starts a server and shuts it down while clients wait: it ends in that many steps, each a
  /// second after the one before.
  template <class Disturb>
  void expect_end(void (*prepare)(), Disturb disturb, int steps, int exitcode) {
    mp::SyncManager manager(
        mp::ManagerOptions{.start_method = GetParam(), .authkey = mp::test::managers_key});
    manager.start(prepare);
    mp::Process server = std::move(mp::active_children().at(0));
    const auto queue = manager.Queue<int>();
    manager.publish("queue", queue);
    const auto client = connected(manager);
    const auto same = client.lookup<mp::QueueProxy<int>>("queue");
    Clock::time_point over;
    {
      Waiting waiting;
      const std::jthread here([&] { waiting.get(queue); });
      const std::jthread there([&] { waiting.get(same); });
      waiting.begun.wait();
      disturb(server.pid());
      const auto begun = Clock::now();
      manager.shutdown();
      over = Clock::now();
      EXPECT_GE(over - begun, steps * patience);
      EXPECT_LT(over - begun, steps * patience + margin);
    }
    EXPECT_LT(Clock::now() - over, 1s) << "until the clients were told";
    EXPECT_EQ(server.exitcode(), exitcode);
    EXPECT_TRUE(manager.join(0s));
    EXPECT_THROW(queue.qsize(), std::system_error);
    EXPECT_THROW(same.qsize(), std::system_error);
    EXPECT_THROW(static_cast<void>(manager.number_of_objects()), mp::AssertionError);
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(ManagerShutdown);

TEST_P(ManagerShutdown, TerminatesAServerThatDoesNotEnd) {
  expect_end(
      never_end, [](int) {}, 1, -SIGTERM);
}

TEST_P(ManagerShutdown, KillsAServerThatIgnoresThat) {
  expect_end(
      ignore_and_never_end, [](int) {}, 2, -SIGKILL);
}

TEST_P(ManagerShutdown, KillsAServerThatHasStopped) {
  expect_end([] {}, mp::test::stop_sleeping_process, 2, -SIGKILL);
}

}  // namespace
