// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/identity.hpp>

#include "system.hpp"

#include <optional>

namespace multiprocess::detail::os {

namespace {

constexpr std::uint64_t per_millisecond = 10'000;

std::uint64_t milliseconds(const FILETIME& time) noexcept {
  return ((std::uint64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime) / per_millisecond;
}

std::optional<std::uint64_t> began(HANDLE process) noexcept {
  FILETIME created{};
  FILETIME exited{};
  FILETIME kernel{};
  FILETIME user{};
  if (GetProcessTimes(process, &created, &exited, &kernel, &user) == 0) {
    return std::nullopt;
  }
  return milliseconds(created);
}

Handle open_process(std::uint32_t pid) noexcept {
  return owned(OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid));
}

bool is_over(const Handle& process) noexcept {
  return WaitForSingleObject(native(process.get()), 0) == WAIT_OBJECT_0;
}

/// A number that no process has is no valid argument; anything else may be a process that hides.
bool nobody_has_it() noexcept {
  return GetLastError() == ERROR_INVALID_PARAMETER;
}

}  // namespace

Identity this_identity() noexcept {
  static const Identity own{GetCurrentProcessId(), began(GetCurrentProcess()).value_or(0), 0};
  return own;
}

Identity child_identity(int pid) noexcept {
  const auto number = static_cast<std::uint32_t>(pid);
  const Handle process = open_process(number);
  FILETIME now{};
  GetSystemTimeAsFileTime(&now);
  const auto start = process ? began(native(process.get())) : std::nullopt;
  return {number, start.value_or(milliseconds(now)), 0};
}

bool has_ended(const Identity& who) noexcept {
  const Handle process = open_process(who.pid);
  if (!process) {
    return nobody_has_it();
  }
  return is_over(process) || began(native(process.get())).value_or(0) > who.seen;
}

Handle sentinel_of(std::uint32_t pid) noexcept {
  return open_process(pid);
}

bool runs(std::uint32_t pid) noexcept {
  const Handle process = open_process(pid);
  return process && !is_over(process);
}

}  // namespace multiprocess::detail::os
