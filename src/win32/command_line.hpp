// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

#include <cstddef>

namespace multiprocess::detail::os {

/// A word of this process's command line, whatever main() gets; empty when there are not so many.
std::wstring command_line_word(std::size_t index);

}  // namespace multiprocess::detail::os
