// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/deadline.hpp>

#include <time.h>

namespace multiprocess::detail::os {

std::uint64_t rough_milliseconds() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
  constexpr clockid_t clock = CLOCK_MONOTONIC_COARSE;
#else
  constexpr clockid_t clock = CLOCK_MONOTONIC;
#endif
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace multiprocess::detail::os
