// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

#include <string>
#include <thread>

namespace multiprocess::test {

/// The one by which a process is called, whoever makes it.
inline HANDLE outside_event(DWORD pid) {
  return CreateEventA(nullptr, FALSE, FALSE, ("outside-call-" + std::to_string(pid)).c_str());
}

/// This process calls `answer`, whatever it is doing then, when another one makes it: in a thread.
inline void answer_outside_calls(void (*answer)()) {
  std::thread([answer, event = outside_event(GetCurrentProcessId())] {
    WaitForSingleObject(event, INFINITE);
    answer();
  }).detach();
}

inline void call_from_outside(int pid) {
  const HANDLE event = outside_event(static_cast<DWORD>(pid));
  SetEvent(event);
  CloseHandle(event);
}

/// The system does not say.
inline bool is_asleep(int) {
  return true;
}

}  // namespace multiprocess::test
