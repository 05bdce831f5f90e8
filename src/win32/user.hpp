// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

namespace multiprocess::detail::os {

/// Lets this user alone have a part in a thing that others could open by its name. Throws
/// std::system_error.
SECURITY_ATTRIBUTES* for_this_user();

enum class Belongs { to_us, to_others, unknown };

/// Unknown when there is no such process any more.
Belongs whose_process(DWORD process) noexcept;

}  // namespace multiprocess::detail::os
