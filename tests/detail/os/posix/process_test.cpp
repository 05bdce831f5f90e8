// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/process.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <thread>

namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;

namespace {

os::Started run(const std::function<void(os::Handle)>& body) {
  os::Started started = os::fork_process();
  if (started.pid == 0) {
    body(std::move(started.sentinel));
    os::end_process(0);
  }
  return started;
}

os::Deadline soon() {
  return os::Deadline::clock::now() + 20s;
}

std::optional<int> exit_code(const os::Started& child) {
  return os::wait_ended(child.sentinel.get(), soon()) ? os::take_exit_code(child.sentinel.get())
                                                      : std::nullopt;
}

TEST(OsProcess, AForkedProcessTellsHowItEnded) {
  EXPECT_EQ(exit_code(run([](os::Handle) { os::end_process(3); })), 3);
  EXPECT_EQ(exit_code(run([](os::Handle) { raise(SIGKILL); })), -SIGKILL);
}

TEST(OsProcess, TheExitCodeIsTakenOnce) {
  const os::Started child = run([](os::Handle) {});
  EXPECT_EQ(exit_code(child), 0);
  EXPECT_EQ(os::take_exit_code(child.sentinel.get()), std::nullopt);
}

TEST(OsProcess, WaitingHasADeadline) {
  const os::Started child = run([](os::Handle) { pause(); });
  EXPECT_FALSE(os::wait_ended(child.sentinel.get(), os::at_once));
  EXPECT_FALSE(os::wait_ended(child.sentinel.get(), os::Deadline::clock::now() + 5ms));
  os::send_signal(child.sentinel.get(), os::Signal::terminate);
  EXPECT_EQ(exit_code(child), -SIGTERM);
  os::send_signal(child.sentinel.get(), os::Signal::kill);
}

TEST(OsProcess, AChildFollowsTheLifeLine) {
  const os::Pipe line = os::make_pipe();
  const os::Pipe ready = os::make_pipe();
  const os::Started child = run([&](os::Handle life_line) {
    const os::Handle kept = os::enter_child(std::move(life_line), false);
    os::Pipe own = os::make_pipe();
    os::Handle copy = os::enter_child(os::duplicate(own.read.get()), false);
    os::write_all(ready.write.get(), std::as_bytes(std::span("!", 1)));
    own.write.reset();  // its end is the end of this process
    pause();
  });
  std::byte byte{};
  EXPECT_TRUE(os::read_all(ready.read.get(), std::span(&byte, 1)));
  EXPECT_EQ(exit_code(child), -SIGKILL);
}

TEST(OsProcess, AChildOfADeadParentEndsAtOnce) {
  const os::Started child = run([](os::Handle) {
    os::Pipe own = os::make_pipe();
    own.write.reset();
    const os::Handle kept = os::enter_child(std::move(own.read), false);
    os::end_process(1);
  });
  EXPECT_EQ(exit_code(child), -SIGKILL);
}

TEST(OsProcess, APlainForkDoesNotHoldTheLifeLineOpen) {
  os::Pipe held = os::make_pipe();
  const os::Pipe parked = os::make_pipe();
  const os::Started parent = run([&](os::Handle) {
    held.write.reset();
    const os::Started child = run([&](os::Handle life_line) {
      const os::Handle kept = os::enter_child(std::move(life_line), true);
      held.read.reset();
      os::wait_ended(kept.get(), os::never);
      os::write_all(parked.write.get(), std::as_bytes(std::span("!", 1)));
    });
    if (fork() == 0) {  // not by us; lives as long as the test holds its pipe
      os::wait_readable(held.read.get(), os::never);
      os::end_process(0);
    }
    raise(SIGKILL);
  });
  EXPECT_EQ(exit_code(parent), -SIGKILL);
  std::byte byte{};
  EXPECT_TRUE(os::wait_readable(parked.read.get(), soon()));
  EXPECT_TRUE(os::read_all(parked.read.get(), std::span(&byte, 1)));
}

TEST(OsProcess, ASentinelIsTold) {
  os::Started child = run([](os::Handle) {});
  EXPECT_EQ(exit_code(child), 0);
  EXPECT_TRUE(os::is_sentinel(child.sentinel.get())) << "of an ended process, too";
  EXPECT_FALSE(os::is_sentinel(os::make_pipe().read.get()));
  const os::NativeHandle number = child.sentinel.get();
  child.sentinel.reset();
  EXPECT_FALSE(os::is_sentinel(number));
}

TEST(OsProcess, ALifeLineThatWasClosedIsMadeAnew) {
  const os::Started process = run([](os::Handle) {
    os::life_line();
    close_range(3, ~0U, 0);
    const os::Pipe foreign = os::make_pipe();  // under the old numbers
    EXPECT_EQ(foreign.read.get(), 3);
    const os::NativeHandle anew = os::life_line();
    EXPECT_NE(os::stream_id(anew), os::stream_id(foreign.read.get()));
    EXPECT_EQ(os::life_line(), anew);
    EXPECT_EQ(exit_code(run([](os::Handle life_line) {
                const os::Handle kept = os::enter_child(std::move(life_line), false);
                os::end_process(7);
              })),
              7);
    EXPECT_EQ(os::stream_id(foreign.read.get()), os::stream_id(foreign.write.get()));
    os::end_process(testing::Test::HasFailure() ? 1 : 0);
  });
  EXPECT_EQ(exit_code(process), 0);
}

TEST(OsProcess, AChildAllocatesWhateverAnotherThreadWasAllocating) {
  if (multiprocess::test::under_thread_sanitizer) {
    GTEST_SKIP() << "its own locks are as another thread had them";
  }
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) {
      std::list<std::string> kept;
      for (std::size_t size = 32; size < 2048; ++size) {
        kept.emplace_back(size, 'x');
      }
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(exit_code(run([](os::Handle) {
                std::list<std::string> kept;
                for (std::size_t size = 32; size < 2048; ++size) {
                  kept.emplace_back(size, 'x');
                }
                os::end_process(0);  // freeing nothing: no sanitizer's quarantine is whole then
              })),
              0);
  }
  over = true;
  other.join();
}

TEST(OsProcess, StandardInputOfAChildIsEmpty) {
  const os::Started child = run([](os::Handle life_line) {
    const os::Handle kept = os::enter_child(std::move(life_line), false);
    char c = 0;
    os::end_process(read(STDIN_FILENO, &c, 1) == 0 ? 0 : 1);
  });
  EXPECT_EQ(exit_code(child), 0);
}

TEST(OsProcess, AHeldInterruptActsWhenItIsHeldNoLonger) {
  const os::Started child = run([](os::Handle) {
    os::hold_interrupt(true);
    raise(SIGINT);
    const os::Started forked = run([](os::Handle) {
      os::hold_interrupt(false);  // what its parent holds is not its own
      raise(SIGINT);
    });
    const bool as_before = exit_code(forked) == -SIGINT;
    if (as_before) {
      os::hold_interrupt(false);
    }
  });
  EXPECT_EQ(exit_code(child), -SIGINT);
  const os::Started blocked = run([](os::Handle) {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, nullptr);
    os::hold_interrupt(true);
    os::hold_interrupt(false);
    raise(SIGINT);
    os::end_process(5);
  });
  EXPECT_EQ(exit_code(blocked), 5);
}

}  // namespace
