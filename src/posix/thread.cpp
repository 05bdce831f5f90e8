// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/thread.hpp>

#include <cxxabi.h>

extern "C" void* __dso_handle;  // NOLINT: the runtime's name for this program or library

namespace multiprocess::detail::os {

void at_thread_end(void (*call)(void*), void* argument) {
  abi::__cxa_thread_atexit(call, argument, &__dso_handle);
}

}  // namespace multiprocess::detail::os
