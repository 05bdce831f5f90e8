// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <system_error>
#include <vector>

namespace multiprocess::test {

/// More than any stream takes at once, and no two places near one another alike.
inline std::vector<std::byte> many_bytes() {
  std::vector<std::byte> bytes(1 << 20);
  std::generate(bytes.begin(), bytes.end(), [n = 0]() mutable { return std::byte(n++ % 251); });
  return bytes;
}

inline void expect_broken_pipe(const detail::os::Pipe& stream) {
  const std::array<std::byte, 1> byte{};
  try {
    detail::os::write_all(stream.write.get(), byte);
    FAIL() << "nobody reads";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::broken_pipe);
  }
}

}  // namespace multiprocess::test
