// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/daemon.hpp>

#include "system.hpp"

#include <array>

namespace multiprocess::detail::os {

namespace {

/// Both sides make it by its name, whoever is first.
Handle readiness_of(int pid) {
  const std::wstring name = L"Local\\multiprocess-daemon-" + std::to_wstring(pid);
  Handle event = owned(CreateEventW(nullptr, TRUE, FALSE, name.c_str()));
  if (!event) {
    throw last_error("CreateEvent for a daemon");
  }
  return event;
}

}  // namespace

bool start_daemon(const Program& program) {
  Program alone = program;
  alone.outlives = true;
  const Started started = start_program(alone);
  const Handle ready = readiness_of(started.pid);
  const std::array both{native(ready.get()), native(started.sentinel.get())};
  return WaitForMultipleObjects(static_cast<DWORD>(both.size()), both.data(), FALSE, INFINITE) ==
         WAIT_OBJECT_0;
}

Handle become_daemon() {
  SetConsoleCtrlHandler(nullptr, TRUE);
  FreeConsole();
  SetCurrentDirectoryW(L"\\");
  return readiness_of(static_cast<int>(GetCurrentProcessId()));
}

void daemon_is_ready(Handle waiting) {
  SetEvent(native(waiting.release()));  // open until the process ends: the starter may look later
}

}  // namespace multiprocess::detail::os
