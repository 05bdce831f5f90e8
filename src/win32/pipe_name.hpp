// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace multiprocess::detail::os {

/// The name of the pipe that a path of SocketAddress means. Throws std::system_error
/// (invalid_argument).
std::wstring pipe_name(const std::string& path);

}  // namespace multiprocess::detail::os
