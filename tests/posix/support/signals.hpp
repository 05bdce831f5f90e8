// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/outside_call.hpp"

#include <signal.h>

#include <thread>

namespace multiprocess::test {

/// The exit code of a process that was killed.
inline constexpr int killed = -SIGKILL;

/// As a user or the kernel's memory shortage would.
inline void kill_process(int pid) {
  ::kill(pid, SIGKILL);
}

inline void stop_process(int pid) {
  ::kill(pid, SIGSTOP);
}

/// When it sleeps: whoever is stopped with a lock of the library in hand keeps it.
inline void stop_sleeping_process(int pid) {
  while (!is_asleep(pid)) {
    std::this_thread::yield();
  }
  stop_process(pid);
}

inline void resume_process(int pid) {
  ::kill(pid, SIGCONT);
}

}  // namespace multiprocess::test
