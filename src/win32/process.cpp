// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/process.hpp>

#include "system.hpp"

#include <fcntl.h>
#include <io.h>

#include <csignal>
#include <cstdio>
#include <iostream>

namespace multiprocess::detail::os {

namespace {

/// The exit code of a process that was ended from outside, as Python's os.kill and terminate() and
/// ours give it.
constexpr DWORD terminated = 0x10000;

Handle duplicate_with(HANDLE from, DWORD rights) {
  HANDLE made = nullptr;
  if (DuplicateHandle(GetCurrentProcess(), from, GetCurrentProcess(), &made, rights, FALSE, 0) ==
      0) {
    throw last_error("DuplicateHandle");
  }
  return owned(made);
}

/// No dialog and no debugger: whoever waits for the process is to know it now.
LONG WINAPI end_at_crash(EXCEPTION_POINTERS* crash) {
  TerminateProcess(GetCurrentProcess(), crash->ExceptionRecord->ExceptionCode);
  return EXCEPTION_EXECUTE_HANDLER;
}

void read_nothing() {
  SetStdHandle(STD_INPUT_HANDLE,
               CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                           OPEN_EXISTING, 0, nullptr));
  static_cast<void>(std::freopen("NUL", "r", stdin));
}

void print_to(NativeHandle handle, std::FILE* stream, DWORD which) {
  Handle copy = duplicate(handle);
  const int descriptor = _open_osfhandle(copy.get(), _O_BINARY);
  if (descriptor < 0) {
    throw last_error("_open_osfhandle", std::errc::bad_file_descriptor);
  }
  copy.release();  // the descriptor's now
  std::fflush(stream);
  const int number = which == STD_OUTPUT_HANDLE ? 1 : 2;
  const int result = _dup2(descriptor, number);
  _close(descriptor);
  if (result != 0) {
    throw last_error("_dup2", std::errc::bad_file_descriptor);
  }
  SetStdHandle(which, reinterpret_cast<HANDLE>(_get_osfhandle(number)));
}

std::string crash_name(int number) {
  switch (static_cast<DWORD>(-number)) {
    case EXCEPTION_ACCESS_VIOLATION:
      return "EXCEPTION_ACCESS_VIOLATION";
    case EXCEPTION_STACK_OVERFLOW:
      return "EXCEPTION_STACK_OVERFLOW";
    case EXCEPTION_ILLEGAL_INSTRUCTION:
      return "EXCEPTION_ILLEGAL_INSTRUCTION";
    case EXCEPTION_INT_DIVIDE_BY_ZERO:
      return "EXCEPTION_INT_DIVIDE_BY_ZERO";
    case STATUS_CONTROL_C_EXIT:
      return "STATUS_CONTROL_C_EXIT";
    default:
      return std::to_string(number);
  }
}

}  // namespace

bool can_fork() noexcept {
  return false;
}

Started fork_process() {
  throw last_error("Windows cannot copy a process: use spawn", std::errc::not_supported);
}

bool wait_ended(NativeHandle sentinel, Deadline deadline) {
  while (true) {
    const DWORD result = WaitForSingleObject(native(sentinel), milliseconds_until(deadline));
    if (result == WAIT_FAILED) {
      throw last_error("WaitForSingleObject");
    }
    if (result == WAIT_OBJECT_0) {
      return true;
    }
    if (deadline != never && std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
  }
}

bool is_sentinel(NativeHandle sentinel) noexcept {
  return GetProcessId(native(sentinel)) != 0;
}

Handle own_sentinel() {
  return duplicate_with(GetCurrentProcess(), SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION);
}

std::optional<int> take_exit_code(NativeHandle sentinel) noexcept {
  DWORD code = 0;
  if (WaitForSingleObject(native(sentinel), INFINITE) != WAIT_OBJECT_0 ||
      GetExitCodeProcess(native(sentinel), &code) == 0) {
    return std::nullopt;
  }
  return code == terminated ? -SIGTERM : static_cast<int>(code);
}

void send_signal(NativeHandle sentinel, Signal signal) {
  if (signal == Signal::interrupt) {
    throw last_error("Windows cannot interrupt one process: use terminate()",
                     std::errc::not_supported);
  }
  // The call is refused for a process that is just ending.
  if (TerminateProcess(native(sentinel), terminated) == 0 &&
      WaitForSingleObject(native(sentinel), INFINITE) != WAIT_OBJECT_0) {
    throw last_error("TerminateProcess");
  }
}

std::string signal_name(int number) {
  return number == SIGTERM ? "SIGTERM" : crash_name(number);
}

void show_as(const std::string&) noexcept {}

void hold_interrupt(bool) noexcept {}

void forget_interrupt() noexcept {}

void ignore_interrupt() noexcept {
  SetConsoleCtrlHandler(nullptr, TRUE);
}

void print_to(NativeHandle output, NativeHandle errors) {
  print_to(output, stdout, STD_OUTPUT_HANDLE);
  print_to(errors, stderr, STD_ERROR_HANDLE);
}

NativeHandle life_line() {
  static const NativeHandle own = own_sentinel().release();
  return own;
}

Handle enter_child(Handle life_line, bool) {
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
  SetUnhandledExceptionFilter(end_at_crash);
  read_nothing();
  return life_line;
}

void flush_streams(bool files) noexcept {
  for (std::ostream* const stream : {&std::cout, &std::cerr, &std::clog}) {
    try {
      stream->flush();
    } catch (...) {  // the user asked for exceptions; a broken stream does not change how it ends
    }
  }
  if (files) {
    std::fflush(nullptr);
    return;
  }
  std::fflush(stdout);
  std::fflush(stderr);
}

void end_process(int code) noexcept {
  TerminateProcess(GetCurrentProcess(), static_cast<UINT>(code));
  std::abort();
}

}  // namespace multiprocess::detail::os
