// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// A lock among the threads of one process. A forked child finds it free, whatever a thread of its
/// parent was doing at that moment.
class ThreadLock {
 public:
  void lock() noexcept;
  void unlock() noexcept {
    holder_.store(0, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) != 0) {
      wake();
    }
  }

 private:
  void sleep(std::uint32_t holder) noexcept;
  void wake() noexcept;

  std::atomic<std::uint32_t> holder_{0};    // a process id
  std::atomic<std::uint32_t> sleepers_{0};  // in a forked child also those that its parent had
};

}  // namespace multiprocess::detail
