// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/bell.hpp>

namespace multiprocess::detail {

bool Bell::ask_for_getters(std::uint64_t changes) const {
  if (os::other_end_is_gone(end_)) {
    return true;
  }
  seen_.store(changes, std::memory_order_relaxed);
  return false;
}

}  // namespace multiprocess::detail
