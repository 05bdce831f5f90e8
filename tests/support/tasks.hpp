// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/queue.hpp>

#include <chrono>
#include <stop_token>

namespace multiprocess::test {

// What pools are given to do where anything will do.

inline int twice(int x) {
  return 2 * x;
}

inline int square(int x) {
  return x * x;
}

/// Until it is to stop, which it does then.
inline int wait_to_be_asked(std::stop_token stop) {
  const Queue<int> never;
  while (!stop.stop_requested()) {
    never.try_get(std::chrono::milliseconds(1));
  }
  return 0;
}

}  // namespace multiprocess::test
