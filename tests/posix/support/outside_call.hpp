// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/leftovers.hpp"

#include <signal.h>

#include <string>

namespace multiprocess::test {

/// This process calls `answer`, whatever it is doing then, when another one makes it.
inline void answer_outside_calls(void (*answer)()) {
  static void (*the_answer)();
  the_answer = answer;
  ::signal(SIGUSR1, [](int) { the_answer(); });
}

inline void call_from_outside(int pid) {
  ::kill(pid, SIGUSR1);
}

/// Whether the main thread of a process waits for something.
inline bool is_asleep(int pid) {
  return describe_thread(pid, pid).find("in state S") != std::string::npos;
}

}  // namespace multiprocess::test
