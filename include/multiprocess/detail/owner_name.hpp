// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace multiprocess::detail {

/// Who holds a lock with this owner, as Python says it: None, the process (and the thread, when it
/// is not the main one) if it is the calling thread, SomeOtherThread or SomeOtherProcess.
std::string owner_name(std::uint64_t owner);

}  // namespace multiprocess::detail
