// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <system_error>

namespace multiprocess::detail {

/// The category with that name: one of the standard's, or for any other one that stands for it in
/// this process: it has the name, and for `code` the message that the other process gave.
const std::error_category& remote_category(const std::string& name, int code,
                                           const std::string& message);

}  // namespace multiprocess::detail
