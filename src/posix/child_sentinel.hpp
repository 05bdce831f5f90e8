// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

namespace multiprocess::detail::os {

/// The process handle of a child just started; `reserve` holds a descriptor number for it. When
/// there is none after all, ends the child and throws std::system_error.
Handle open_sentinel(int pid, Handle reserve);

}  // namespace multiprocess::detail::os
