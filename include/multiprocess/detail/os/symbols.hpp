// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace multiprocess::detail::os {

/// A place in the code, in the words of whoever wrote it.
struct CodePlace {
  std::string module;         ///< The file that it was loaded from.
  std::uintptr_t offset = 0;  ///< In that file's own counting, which debuggers understand.
  std::string function;       ///< Empty when the file does not say.
};

/// Where the calls were made that return to these addresses.
std::vector<CodePlace> describe_calls(std::span<const std::uintptr_t> return_addresses);

/// A type's or function's name as its author wrote it, from the one that the linker uses.
std::string readable_name(const char* linker_name);

}  // namespace multiprocess::detail::os
