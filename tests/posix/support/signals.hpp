// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <signal.h>

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

inline void resume_process(int pid) {
  ::kill(pid, SIGCONT);
}

}  // namespace multiprocess::test
