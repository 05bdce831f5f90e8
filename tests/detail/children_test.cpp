// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/children.hpp>

#include <multiprocess/detail/exit_report.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/process.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using Record = std::shared_ptr<ProcessRecord>;

os::Deadline in(std::chrono::milliseconds time) {
  return os::Deadline::clock::now() + time;
}

class Children : public testing::Test {
 protected:
  ~Children() override {
    for (const Record& record : live_children()) {
      signal_child(record, os::Signal::kill);
      wait_child(record, os::never);
    }
  }

  /// A child that ends with `code`, or that waits for a signal.
  Record add(std::optional<int> code, bool daemon = false, os::Handle status = {}) {
    Record record = make_record("Thing");
    record->daemon = daemon;
    const Ticket ticket = reserve_participant(true);
    os::Started started = os::fork_process();
    if (started.pid == 0) {
      end(code);
    }
    name_participant(ticket, started.pid);
    add_child(record, std::move(started), ticket, std::move(status));
    return record;
  }

 private:
  [[noreturn]] static void end(std::optional<int> code) {
    if (!code) {
      test::wait_to_be_killed();
    }
    os::end_process(*code);
  }
};

TEST_F(Children, AreListedInTheOrderOfTheirStart) {
  const Record first = add({});
  const Record second = add({});
  const Record third = add({});
  EXPECT_EQ(live_children(), (std::vector{first, second, third}));
  EXPECT_TRUE(second->started);
  EXPECT_GT(second->pid, 0);
  EXPECT_TRUE(second->ticket);
}

TEST_F(Children, TheEndedAreForgottenAndKeepTheirExitCode) {
  const Record first = add({});
  const Record second = add(4);
  EXPECT_TRUE(os::wait_ended(second->sentinel->get(), in(20s)));
  EXPECT_EQ(live_children(), std::vector{first});
  EXPECT_EQ(second->exitcode, 4);
  EXPECT_TRUE(is_over(second->ticket));
}

TEST_F(Children, AreWaitedForUntilADeadline) {
  const Record child = add({});
  EXPECT_EQ(wait_child(child, os::at_once), std::nullopt);
  EXPECT_EQ(wait_child(child, in(5ms)), std::nullopt);
  EXPECT_FALSE(is_over(child->ticket));
  signal_child(child, os::Signal::terminate);
  EXPECT_EQ(wait_child(child, os::never), -SIGTERM);
  EXPECT_TRUE(is_over(child->ticket));
  EXPECT_EQ(wait_child(child, os::at_once), -SIGTERM);
}

TEST_F(Children, ASignalToTheEndedDoesNothing) {
  const Record child = add(0);
  EXPECT_TRUE(os::wait_ended(child->sentinel->get(), in(20s)));
  EXPECT_NO_THROW(signal_child(child, os::Signal::kill));
  EXPECT_EQ(wait_child(child, os::at_once), 0);
}

TEST_F(Children, ThreadsThatWaitForOneLearnTheSame) {
  const Record child = add({});
  test::in_threads(4, [&child](int number) {
    if (number == 0) {
      signal_child(child, os::Signal::interrupt);
    }
    EXPECT_EQ(wait_child(child, in(20s)), -SIGINT);
  });
}

TEST_F(Children, AnExitCodeThatTheSystemDoesNotTellIsTheChildsOwnOr255) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);  // the system forgets them at once
  const Record told = add({});
  set_exit_code(told->ticket, 7);
  signal_child(told, os::Signal::kill);
  EXPECT_EQ(wait_child(told, in(20s)), 7);
  EXPECT_EQ(wait_child(add(3), in(20s)), 255);
  std::signal(SIGCHLD, before);
}

TEST_F(Children, OneOfTheForkServersHasEndedWhenItsExitCodeIsThere) {
  auto [server, here] = os::make_channel();
  const Record child = add({}, false, std::move(here));
  os::send_signal(child->sentinel->get(), os::Signal::kill);
  EXPECT_TRUE(os::wait_ended(child->sentinel->get(), in(20s)));
  EXPECT_EQ(wait_child(child, in(5ms)), std::nullopt);
  EXPECT_EQ(live_children(), std::vector{child});
  send_report(server.get(), {Report::Kind::ended, 6});
  EXPECT_EQ(wait_child(child, in(20s)), 6);
  EXPECT_EQ(os::take_exit_code(child->sentinel->get()),
            multiprocess::test::killed);  // as the server would have
}

TEST_F(Children, AServerThatHasEndedTellsNoExitCode) {
  auto [server, here] = os::make_channel();
  const Record child = add(0, false, std::move(here));
  server.reset();
  EXPECT_EQ(wait_child(child, in(20s)), 255);
  os::take_exit_code(child->sentinel->get());
}

TEST_F(Children, TheExitStepsEndDaemonsAndWaitForTheOthers) {
  const Record daemon = add({}, true);
  const Record other = add({});
  terminate_daemons();
  EXPECT_EQ(wait_child(daemon, in(20s)), -SIGTERM);
  EXPECT_EQ(live_children(), std::vector{other});
  signal_child(other, os::Signal::kill);
  join_children();
  EXPECT_TRUE(live_children().empty());
  EXPECT_EQ(other->exitcode, multiprocess::test::killed);
}

TEST_F(Children, BelongToTheirParentOnly) {
  add({}, true);
  test::Child child([] {
    EXPECT_TRUE(live_children().empty());
    terminate_daemons();
    join_children();
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(live_children().size(), 1U);
  test::notice_deaths();
}

}  // namespace
}  // namespace multiprocess::detail
