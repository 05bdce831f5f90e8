// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>

namespace multiprocess::detail::os {

/// The moment at which a wait gives up, on the clock that nobody can set.
using Deadline = std::chrono::steady_clock::time_point;

/// A wait with this deadline has no end of its own.
inline constexpr Deadline never = Deadline::max();

/// Long past: look once, do not wait.
inline constexpr Deadline at_once{};

/// Milliseconds on a clock that nobody can set: cheaper to ask for, and right to about ten.
std::uint64_t rough_milliseconds() noexcept;

}  // namespace multiprocess::detail::os
