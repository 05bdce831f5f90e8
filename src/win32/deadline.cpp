// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/deadline.hpp>

#include "system.hpp"

namespace multiprocess::detail::os {

std::uint64_t rough_milliseconds() noexcept {
  return GetTickCount64();
}

}  // namespace multiprocess::detail::os
