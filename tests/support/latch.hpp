// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace multiprocess::test {

/// std::latch, with which threads of one program may sleep for ever where the C++ library has no
/// futex to make it of (GCC 12 for Windows).
class Latch {
 public:
  explicit Latch(std::ptrdiff_t expected) : missing_(expected) {}

  void count_down(std::ptrdiff_t by = 1) {
    const std::scoped_lock lock(mutex_);
    missing_ -= by;
    if (missing_ == 0) {
      changed_.notify_all();
    }
  }
  bool try_wait() const {
    const std::scoped_lock lock(mutex_);
    return missing_ == 0;
  }
  void wait() const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return missing_ == 0; });
  }
  void arrive_and_wait() {
    count_down();
    wait();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::ptrdiff_t missing_;
};

}  // namespace multiprocess::test
