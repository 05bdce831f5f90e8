// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <stdexcept>

namespace multiprocess::test {

/// An expectation of a process that can only tell by its exit code.
inline void require(bool condition) {
  if (!condition) {
    throw std::logic_error("a child does not see what it should");
  }
}

/// Lets threads and forked processes wait for one another.
class Gate {
 public:
  void open(int times = 1) {
    for (int i = 0; i < times; ++i) {
      detail::os::write_all(pipe_.write.get(), std::array<std::byte, 1>{});
    }
  }

  /// Until it has been opened once more than it was waited for.
  void wait() {
    std::array<std::byte, 1> byte{};
    EXPECT_TRUE(detail::os::read_all(pipe_.read.get(), byte));
  }

 private:
  detail::os::Pipe pipe_ = detail::os::make_pipe();
};

}  // namespace multiprocess::test
