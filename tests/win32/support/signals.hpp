// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/skip.hpp"

#include <windows.h>

#include <csignal>

namespace multiprocess::test {

/// The exit code of a process that was killed: terminate() and kill() are the same here.
inline constexpr int killed = -SIGTERM;

/// As a user would.
inline void kill_process(int pid) {
  constexpr UINT code = 0x10000;  // as Python's and our kill() give it
  const HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, static_cast<DWORD>(pid));
  TerminateProcess(process, code);
  CloseHandle(process);
}

inline void stop_process(int) {
  skip("needs to stop a process");
}

inline void stop_sleeping_process(int pid) {
  stop_process(pid);
}

inline void resume_process(int) {}

}  // namespace multiprocess::test
