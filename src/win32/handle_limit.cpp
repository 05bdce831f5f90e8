// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/handle_limit.hpp>

#include <limits>

// There is no limit but memory, and handles are no small numbers.

namespace multiprocess::detail::os {

std::size_t raise_handle_limit() noexcept {
  return std::numeric_limits<std::size_t>::max();
}

void lower_handle_limit_of(int) noexcept {}

Handle duplicate_out_of_the_way(NativeHandle) noexcept {
  return {};
}

}  // namespace multiprocess::detail::os
