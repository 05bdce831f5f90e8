// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace multiprocess::test {

/// True when `wait(timeout)`, which has nothing to wait for, gives up: never early, and within 50
/// ms after its time in one of five tries, since the machine may have other things to do.
template <class Wait>
bool gives_up_in_time(Wait wait) {
  using namespace std::chrono_literals;
  constexpr std::chrono::milliseconds timeout = 100ms;
  for (int tries = 0; tries < 5; ++tries) {
    const auto begin = std::chrono::steady_clock::now();
    if (wait(timeout)) {
      return false;
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    if (took < timeout) {
      return false;
    }
    if (took <= timeout + 50ms) {
      return true;
    }
  }
  return false;
}

}  // namespace multiprocess::test
