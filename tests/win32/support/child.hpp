// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include "support/skip.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <thread>

namespace multiprocess::test {

/// On other systems a child by a plain fork(). There is none here: the test is left out.
class Child {
 public:
  template <class F>
  explicit Child(F) {
    skip("needs a fork");
  }

  int pid() const { return 0; }
  void kill(int = SIGTERM) const {}
  int wait() { return 0; }
};

/// An expectation of a process that can only tell by its exit code.
inline void require(bool condition) {
  if (!condition) {
    throw std::logic_error("a child does not see what it should");
  }
}

/// As a user would end us: nothing more runs.
[[noreturn]] inline void die() {
  constexpr int terminated = 0x10000;  // what kill() gives as well
  detail::os::end_process(terminated);
}

template <class F>
void run_and_die(F) {
  skip("needs a fork");
}

/// Lets threads wait for one another.
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
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

}  // namespace multiprocess::test
