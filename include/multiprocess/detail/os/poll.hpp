// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace multiprocess::detail::os {

/// Indices of the handles that are ready (readable, at their end, or a process that has ended);
/// empty when the deadline passed first. Resumes after signals. Throws std::system_error.
std::vector<std::size_t> wait_any(std::span<const NativeHandle> handles, Deadline deadline);

/// Runs `body(context)` in a new thread that receives no signals and that nobody joins.
void start_quiet_thread(void (*body)(void*), void* context);

}  // namespace multiprocess::detail::os
