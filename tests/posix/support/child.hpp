// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <utility>

namespace multiprocess::test {

/// A child by a plain fork(), of which we tell the library nothing. It runs `body` and ends without
/// any exit step: with 0, with 1 when an expectation failed in it, with 2 when `body` threw.
class Child {
 public:
  template <class F>
  explicit Child(F body) {
    std::fflush(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      run(body);
    }
  }
  ~Child() {
    if (pid_ > 0) {
      kill();
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int pid() const { return pid_; }
  void kill(int signal = SIGKILL) const { ::kill(pid_, signal); }

  /// The exit code, or the signal negated.
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  template <class F>
  [[noreturn]] static void run(F& body) {
    int code = 2;
    try {
      body();
      code = testing::Test::HasFailure() ? 1 : 0;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "thrown in a child: %s\n", e.what());
    }
    std::fflush(nullptr);
    _exit(code);
  }

  int pid_ = 0;
};

/// An expectation of a process that can only tell by its exit code.
inline void require(bool condition) {
  if (!condition) {
    throw std::logic_error("a child does not see what it should");
  }
}

/// As the kernel's memory shortage or a user would end us: nothing more runs.
[[noreturn]] inline void die() {
  while (true) {
    ::kill(getpid(), SIGKILL);
  }
}

/// A child that runs `body` and is killed at its end; its death has been waited for.
template <class F>
void run_and_die(F body) {
  Child child([&body] {
    body();
    die();
  });
  EXPECT_EQ(child.wait(), -SIGKILL);
}

/// Lets threads and forked processes wait for one another.
class Gate {
 public:
  void open(int times = 1) {
    for (int i = 0; i < times; ++i) {
      detail::os::write_all(pipe_.write.get(), std::array<std::byte, 1>{});
    }
  }

  /// Until it has been opened once more than it was waited for.
  void wait() {
    std::array<std::byte, 1> byte{};
    EXPECT_TRUE(detail::os::read_all(pipe_.read.get(), byte));
  }

 private:
  detail::os::Pipe pipe_ = detail::os::make_pipe();
};

/// For children that only wait to be killed.
[[noreturn]] inline void wait_to_be_killed() {
  while (true) {
    pause();
  }
}

}  // namespace multiprocess::test
