// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace multiprocess::detail::os {

/// What to throw when a system call failed: `call` names it and what it was about.
inline std::system_error last_error(const std::string& call, int code = errno) {
  return {std::error_code(code, std::generic_category()), call};
}

}  // namespace multiprocess::detail::os
