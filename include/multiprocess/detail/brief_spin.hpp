// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/word.hpp>

#include <chrono>

namespace multiprocess::detail {

/// Says whether to spin now, and is told how long it took. On a busy machine a single yield may
/// take longer than any sleep: after one that did, there is no spinning for a while.
bool may_spin() noexcept;
void note_spin(std::chrono::steady_clock::duration took) noexcept;

/// Tries again for a moment; true when an attempt succeeded.
template <class Attempt>
bool spin_briefly(Attempt attempt) {
  if (!may_spin()) {
    return false;
  }
  const auto begun = std::chrono::steady_clock::now();
  bool done = false;
  for (Spin spin; !done && spin.again();) {
    done = attempt();
  }
  note_spin(std::chrono::steady_clock::now() - begun);
  return done;
}

}  // namespace multiprocess::detail
