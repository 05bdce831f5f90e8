// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>
#include <time.h>

#include <chrono>

namespace multiprocess::test {

/// Whether what is told is right to less than a millisecond.
inline constexpr bool counts_cpu_time = true;

/// CPU time that the process has used.
inline std::chrono::nanoseconds cpu_time_of(int pid) {
  clockid_t clock{};
  timespec used{};
  EXPECT_EQ(clock_getcpuclockid(pid, &clock), 0);
  EXPECT_EQ(clock_gettime(clock, &used), 0);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace multiprocess::test
