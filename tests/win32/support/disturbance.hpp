// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::test {

/// There are no signals, and the library waits so that queued calls do not come either.
inline constexpr bool can_disturb = false;

template <class F>
void run_disturbed(F body) {
  body();
}

}  // namespace multiprocess::test
