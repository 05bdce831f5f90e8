// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

#include <cstddef>
#include <cstdlib>

namespace multiprocess::test {

/// The exit codes of processes that end so.
inline constexpr int crashed = static_cast<int>(STATUS_ACCESS_VIOLATION);
inline constexpr int aborted = 3;
/// What remains of the number that a process gave to std::_Exit.
inline int exit_code(int given) {
  return given;
}

inline void crash() {
  int* volatile nowhere = nullptr;
  *nowhere = 1;
}
inline void abort() {
  std::abort();
}

/// A job could; Wine does not look at its limits.
inline constexpr bool can_limit_memory = false;
inline void limit_memory(std::size_t) {}

}  // namespace multiprocess::test
