// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::detail::os {

/// Calls `call(argument)` when the calling thread ends; in reverse order of the asking, as
/// thread_local objects are destroyed; the main thread may end without. The thread_local variables
/// that it sees may have their first values again.
void at_thread_end(void (*call)(void*), void* argument);

}  // namespace multiprocess::detail::os
