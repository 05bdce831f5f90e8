// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/process.hpp>

#include "support/gate.hpp"
#include "support/skip.hpp"

#include <chrono>
#include <csignal>
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

/// As a user would end us: nothing more runs.
[[noreturn]] inline void die() {
  constexpr int terminated = 0x10000;  // what kill() gives as well
  detail::os::end_process(terminated);
}

template <class F>
void run_and_die(F) {
  skip("needs a fork");
}

/// For children that only wait to be killed.
[[noreturn]] inline void wait_to_be_killed() {
  while (true) {
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

}  // namespace multiprocess::test
