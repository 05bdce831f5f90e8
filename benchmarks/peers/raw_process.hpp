// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace bench {

/// Argument of a program that shall end at once.
inline constexpr const char* end_at_once = "--end-at-once";

/// A copy of this process that ends at once; waits for it.
void fork_and_wait();

/// This program anew, ending at once; waits for it.
void spawn_and_wait();

}  // namespace bench
