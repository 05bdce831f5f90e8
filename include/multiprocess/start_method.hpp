// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>

#include <string>
#include <string_view>

namespace multiprocess {

/// How a new process comes to be.
enum class StartMethod {
  fork,        ///< A copy of the calling process.
  spawn,       ///< The program anew, which then receives what it needs.
  forkserver,  ///< A copy of a clean server process, which runs one thread only.
};

/// Python's name: `fork`, `spawn` or `forkserver`.
std::string_view to_string(StartMethod method) noexcept;

/// The method with that name. Throws ValueError when there is none.
StartMethod parse_start_method(std::string_view name);

/// Lets fmt and `<<` print it.
std::string mp_repr(StartMethod method);

}  // namespace multiprocess
