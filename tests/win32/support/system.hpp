// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::test {

/// What the system can do. A test that needs it asks at its beginning, and is left out without.
inline constexpr bool can_fork = false;
inline constexpr bool can_stop_processes = false;
inline constexpr bool can_interrupt_processes = false;
inline constexpr bool names_of_memory_stay = false;
inline constexpr bool addresses_are_files = false;

}  // namespace multiprocess::test
