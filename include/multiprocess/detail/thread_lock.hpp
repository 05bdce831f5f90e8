// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>

namespace multiprocess::detail {

/// A lock among the threads of one process. A forked child finds it free, whatever a thread of its
/// parent was doing at that moment.
class ThreadLock {
 public:
  void lock() noexcept;
  void unlock() noexcept {
    holder_.store(0, std::memory_order_release);
    holder_.notify_one();
  }

 private:
  std::atomic<int> holder_{0};  // a process id
};

}  // namespace multiprocess::detail
