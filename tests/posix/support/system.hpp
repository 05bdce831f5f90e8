// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::test {

/// What the system can do. A test that needs it asks at its beginning, and is left out without.
inline constexpr bool can_fork = true;
inline constexpr bool can_stop_processes = true;
inline constexpr bool can_interrupt_processes = true;
inline constexpr bool names_of_memory_stay = true;
inline constexpr bool addresses_are_files = true;

inline bool is_wine() {
  return false;
}

/// That every program can load.
inline constexpr const char* some_library = "libm.so.6";

}  // namespace multiprocess::test
