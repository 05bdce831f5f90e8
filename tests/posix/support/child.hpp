// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/gate.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
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

/// For children that only wait to be killed.
[[noreturn]] inline void wait_to_be_killed() {
  while (true) {
    pause();
  }
}

}  // namespace multiprocess::test
