// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstdint>

namespace multiprocess::detail::os {

/// Names one life of one process: a number that the system may give again later, when it was in
/// use, and which program image it ran. No field has more than 48 bits.
struct Identity {
  std::uint32_t pid = 0;
  std::uint64_t seen = 0;   // a moment at which it lived, in clock ticks since the system started
  std::uint64_t image = 0;  // differs after it has replaced itself by another program; 0: unknown
};

/// The calling process.
Identity this_identity() noexcept;

/// What a parent knows of the child that it has just started.
Identity child_identity(int pid) noexcept;

/// True only when that life is over: nothing of it runs and nothing of it will write any more.
bool has_ended(const Identity& who) noexcept;

/// A sentinel of the process that now has the number; ask `has_ended` whether it is still that one.
/// None when there is no such process or it cannot be watched.
Handle sentinel_of(std::uint32_t pid) noexcept;

/// A quick look: true when some process of that number runs. It may be another one by now.
bool runs(std::uint32_t pid) noexcept;

}  // namespace multiprocess::detail::os
