// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/process.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/process.hpp>

#include "support/child.hpp"
#include "support/signals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <system_error>
#include <utility>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;

namespace {

/// A process that the library has started: what it knows of it is asked by other means here.
class OsProcess : public testing::Test {
 protected:
  template <class F>
  os::NativeHandle start(F target) {
    process_.emplace(mp::ProcessOptions{.start_method = mp::StartMethod::spawn}, target);
    process_->start();
    return process_->sentinel().native_handle();
  }
  /// Once it has ended, and has been asked by nobody else.
  static std::optional<int> exit_code(os::NativeHandle sentinel) {
    return os::wait_ended(sentinel, os::Deadline::clock::now() + 20s) ? os::take_exit_code(sentinel)
                                                                      : std::nullopt;
  }
  void TearDown() override {
    if (process_) {
      process_->join();
    }
  }

  std::optional<mp::Process> process_;
};

TEST_F(OsProcess, TellsHowItEnded) {
  EXPECT_EQ(exit_code(start([] { os::end_process(3); })), 3);
}

TEST_F(OsProcess, TellsThatItWasKilled) {
  EXPECT_EQ(exit_code(start(&mp::test::die)), mp::test::killed);
}

TEST_F(OsProcess, WaitingHasADeadline) {
  const os::NativeHandle sentinel = start(&mp::test::wait_to_be_killed);
  EXPECT_FALSE(os::wait_ended(sentinel, os::at_once));
  const os::Deadline deadline = os::Deadline::clock::now() + 5ms;
  EXPECT_FALSE(os::wait_ended(sentinel, deadline));
  EXPECT_GE(os::Deadline::clock::now(), deadline);
  os::send_signal(sentinel, os::Signal::terminate);
  EXPECT_EQ(exit_code(sentinel), -SIGTERM);
  os::send_signal(sentinel, os::Signal::kill);  // to nobody
}

TEST_F(OsProcess, ASentinelIsTold) {
  const os::NativeHandle sentinel = start([] {});
  EXPECT_TRUE(os::is_sentinel(sentinel));
  EXPECT_EQ(exit_code(sentinel), 0);
  EXPECT_TRUE(os::is_sentinel(sentinel)) << "of an ended process, too";
  EXPECT_FALSE(os::is_sentinel(os::make_pipe().read.get()));
  os::Handle copy = os::duplicate(sentinel);
  EXPECT_TRUE(os::is_sentinel(copy.get()));
  const os::NativeHandle number = copy.get();
  copy.reset();
  EXPECT_FALSE(os::is_sentinel(number));
}

TEST_F(OsProcess, ASentinelOfItsOwnIsNotReady) {
  const os::Handle own = os::own_sentinel();
  EXPECT_TRUE(os::is_sentinel(own.get()));
  EXPECT_FALSE(os::wait_ended(own.get(), os::at_once));
}

TEST_F(OsProcess, ALifeLineIsTheSameAllItsLife) {
  EXPECT_EQ(os::life_line(), os::life_line());
  EXPECT_FALSE(os::wait_ended(os::life_line(), os::at_once));
}

TEST_F(OsProcess, CanBeCopiedOrSaysThatItCannot) {
  if (os::can_fork()) {
    GTEST_SKIP() << "it can";
  }
  EXPECT_THROW(os::fork_process(), std::system_error);
}

TEST_F(OsProcess, SignalsHaveNames) {
  EXPECT_EQ(os::signal_name(SIGTERM), "SIGTERM");
  EXPECT_EQ(os::signal_name(12345), "12345");
}

}  // namespace
