// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

namespace multiprocess::test {

/// What the system can do. A test that needs it asks at its beginning, and is left out without.
inline constexpr bool can_fork = false;
inline constexpr bool can_stop_processes = false;
inline constexpr bool can_interrupt_processes = false;
inline constexpr bool names_of_memory_stay = false;
inline constexpr bool addresses_are_files = false;

/// That every program can load.
inline constexpr const char* some_library = "version.dll";

inline bool is_wine() {
  return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
}

}  // namespace multiprocess::test
