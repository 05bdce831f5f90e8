// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_lock.hpp>

#include <multiprocess/detail/os/futex.hpp>
#include <multiprocess/detail/os/info.hpp>

namespace multiprocess::detail {

void ThreadLock::lock() noexcept {
  const auto us = static_cast<std::uint32_t>(os::current_pid());
  std::uint32_t seen = 0;
  // Another process's hold is a copy from before a fork: it is taken over like a free lock.
  while (!holder_.compare_exchange_weak(seen, us, std::memory_order_acquire)) {
    if (seen == us) {
      sleep(us);
      seen = 0;
    }
  }
}

void ThreadLock::sleep(std::uint32_t holder) noexcept {
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  os::sleep_while_equal(holder_, holder, os::never);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

void ThreadLock::wake() noexcept {
  os::wake_sleepers(holder_, 1);
}

}  // namespace multiprocess::detail
