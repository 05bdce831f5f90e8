// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace multiprocess::test {

/// The system counts ticks of its clock, of 10 or 15 ms.
inline constexpr bool counts_cpu_time = false;

/// CPU time that the process has used.
inline std::chrono::nanoseconds cpu_time_of(int pid) {
  const HANDLE process =
      OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(pid));
  FILETIME began{};
  FILETIME ended{};
  FILETIME kernel{};
  FILETIME user{};
  EXPECT_NE(GetProcessTimes(process, &began, &ended, &kernel, &user), 0);
  CloseHandle(process);
  const auto ticks = [](const FILETIME& time) {
    return (std::int64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime;
  };
  return std::chrono::nanoseconds(100 * (ticks(kernel) + ticks(user)));
}

}  // namespace multiprocess::test
