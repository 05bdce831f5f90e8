// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

namespace multiprocess::detail::os {

inline bool is_over(const OVERLAPPED& operation) noexcept {
  return HasOverlappedIoCompleted(&operation);
}

Handle make_event(bool is_set = false);

/// For the operations of this thread, one after another.
HANDLE event_of_this_thread();

/// Cancels it, if it still goes on, and waits until its memory is our own again.
void finish(HANDLE file, OVERLAPPED& operation) noexcept;

/// One read or write of this thread.
class Operation {
 public:
  Operation() { overlapped_.hEvent = event_of_this_thread(); }

  OVERLAPPED* get() noexcept { return &overlapped_; }

  /// After the call that began it: 0 or the error, WAIT_TIMEOUT when it was cancelled.
  DWORD wait(HANDLE file, BOOL succeeded, Deadline deadline) noexcept;

  std::size_t size() const noexcept { return size_; }

 private:
  OVERLAPPED overlapped_{};
  DWORD size_ = 0;
};

}  // namespace multiprocess::detail::os
