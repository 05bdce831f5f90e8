// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poll.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>

// Waits, processes of a plain fork, and signals.

namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using multiprocess::test::Child;

namespace {

using Indices = std::vector<std::size_t>;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

TEST(WaitAnyOnPosix, AProcessIsReadyWhenItHasEnded) {
  Child child([] { multiprocess::test::wait_to_be_killed(); });
  const os::Handle process(syscall(SYS_pidfd_open, child.pid(), 0));
  const std::array handles{process.get()};
  EXPECT_EQ(os::wait_any(handles, os::at_once), Indices{});
  child.kill();
  EXPECT_EQ(os::wait_any(handles, in(20s)), (Indices{0}));
}

TEST(WaitAnyOnPosix, GoesOnAfterSignals) {
  static std::atomic<int> signals;
  signals = 0;
  const auto before = signal(SIGALRM, [](int) { ++signals; });
  const itimerval often{{0, 2000}, {0, 2000}};
  setitimer(ITIMER_REAL, &often, nullptr);
  const os::Pipe pipe = os::make_pipe();
  const std::array handles{pipe.read.get()};
  const os::Deadline deadline = in(50ms);
  EXPECT_EQ(os::wait_any(handles, deadline), Indices{});
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  EXPECT_GT(signals, 0);
  const itimerval no_more{};
  setitimer(ITIMER_REAL, &no_more, nullptr);
  signal(SIGALRM, before);
}

TEST(QuietThreadOnPosix, RunsWithEverySignalBlocked) {
  std::promise<sigset_t> mask;
  os::start_quiet_thread(
      [](void* context) {
        sigset_t blocked;
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        static_cast<std::promise<sigset_t>*>(context)->set_value(blocked);
      },
      &mask);
  const sigset_t blocked = mask.get_future().get();
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
  EXPECT_EQ(sigismember(&blocked, SIGINT), 1);
  EXPECT_EQ(sigismember(&blocked, SIGCHLD), 1);
  sigset_t here;
  pthread_sigmask(SIG_SETMASK, nullptr, &here);
  EXPECT_EQ(sigismember(&here, SIGTERM), 0);
}

}  // namespace
