// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstddef>

namespace multiprocess::detail::os {

/// Lets this process, but none that it starts, open as many handles as the system allows it; tells
/// how many those are.
std::size_t raise_handle_limit() noexcept;

/// What raise_handle_limit() has changed, undone for a program that start_program has just started.
void lower_handle_limit_of(int pid) noexcept;

/// A duplicate under a number that only raise_handle_limit() has made possible, empty when there is
/// none: the others are left to code that cannot use high ones, as select().
Handle duplicate_out_of_the_way(NativeHandle handle) noexcept;

}  // namespace multiprocess::detail::os
