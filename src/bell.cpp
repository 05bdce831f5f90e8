// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/bell.hpp>

namespace multiprocess::detail {

os::Deadline Bell::look_again() noexcept {
  return cures().backstop ? std::chrono::steady_clock::now() + std::chrono::milliseconds(100)
                          : os::never;
}

void Bell::ask_again() const noexcept {
  check_everybody();
  seen_.store(UINT64_MAX, std::memory_order_relaxed);  // raw: ours
}

bool Bell::ask_for_getters(std::uint64_t changes) const {
  if (os::other_end_is_gone(end_)) {
    return true;
  }
  seen_.store(changes, std::memory_order_relaxed);  // raw: ours
  return false;
}

}  // namespace multiprocess::detail
