// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace multiprocess::detail {

using LoopWork = std::function<void()>;

/// Where memory is short the calls that the work was about are dropped, and so answered.
void run_guarded(const LoopWork& work) noexcept;

/// What a loop does when its time has come.
class Timers {
 public:
  using Timer = std::pair<os::Deadline, std::uint64_t>;

  Timer add(os::Deadline time, LoopWork then);
  void cancel(const Timer& timer) { timers_.erase(timer); }
  os::Deadline next() const noexcept {
    return timers_.empty() ? os::never : timers_.begin()->first.first;
  }
  void run_due();

 private:
  std::uint64_t made_ = 0;
  std::map<Timer, LoopWork> timers_;
};

/// What other threads want done in a loop. They may outlive it: then it is dropped.
class PostBox {
 public:
  /// `ring` wakes the loop.
  explicit PostBox(LoopWork ring) : ring_(std::move(ring)) {}

  void add(LoopWork work);
  bool has_any() const noexcept { return any_.load(std::memory_order_seq_cst); }
  void close();

  /// In the loop.
  void run_all();

 private:
  LoopWork ring_;
  std::atomic<bool> any_{false};
  std::mutex mutex_;  // of what follows
  std::vector<LoopWork> work_;
  bool closed_ = false;
};

}  // namespace multiprocess::detail
