// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>

namespace multiprocess::detail::os {

/// For a system call that takes a time span; nothing is left of a deadline that has passed.
inline timespec time_until(Deadline deadline) noexcept {
  if (deadline == at_once) {
    return {};
  }
  const auto rest = std::max<std::chrono::nanoseconds>(deadline - std::chrono::steady_clock::now(),
                                                       std::chrono::nanoseconds(0));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(rest);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((rest - seconds).count())};
}

/// For one that takes milliseconds, -1 for ever: rounded up, so that a wait never ends early and
/// spins.
inline int milliseconds_until(Deadline deadline) noexcept {
  if (deadline == never) {
    return -1;
  }
  if (deadline == at_once) {
    return 0;
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<long long>(left.count(), 0, std::numeric_limits<int>::max()));
}

}  // namespace multiprocess::detail::os
