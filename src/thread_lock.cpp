// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_lock.hpp>

#include <multiprocess/detail/os/info.hpp>

namespace multiprocess::detail {

void ThreadLock::lock() noexcept {
  const int us = os::current_pid();
  int seen = 0;
  // Another process's hold is a copy from before a fork: it is taken over like a free lock.
  while (!holder_.compare_exchange_weak(seen, us, std::memory_order_acquire)) {
    if (seen == us) {
      holder_.wait(us, std::memory_order_relaxed);
      seen = 0;
    }
  }
}

}  // namespace multiprocess::detail
