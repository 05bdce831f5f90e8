// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>
#include <multiprocess/start_method.hpp>

#include <optional>
#include <string>

namespace multiprocess {

/// What a Process is told beside its target.
struct ProcessOptions {
  std::string name = {};                                   ///< Empty: `Process-1` and so on.
  std::optional<bool> daemon = std::nullopt;               ///< As the process that makes it.
  std::optional<StartMethod> start_method = std::nullopt;  ///< The program's choice.
  bool outlive_parent = false;                             ///< Goes on when its parent is killed.

  /// `ProcessOptions(name='x', daemon=True)`: what was said, and not what is as it always is.
  friend std::string mp_repr(const ProcessOptions& options);
};

}  // namespace multiprocess
