// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/deadline.hpp>

#include <gtest/gtest.h>

#include <cstdint>

namespace multiprocess::detail::os {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, TheRoughClockGoesAsTheOtherOneDoes) {
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t before = rough_milliseconds();
  std::uint64_t now = before;
  while (now < before + 100) {
    const std::uint64_t next = rough_milliseconds();
    EXPECT_GE(next, now);
    now = next;
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 80ms);
}

TEST(Deadline, NeverIsLaterThanEverything) {
  EXPECT_LT(at_once, std::chrono::steady_clock::now());
  EXPECT_LT(std::chrono::steady_clock::now(), never);
}

}  // namespace
}  // namespace multiprocess::detail::os
