// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace multiprocess::detail {

class ThreadOrder;

/// A task that has a time limit, while a thread is at it.
struct TimedTask {
  std::shared_ptr<ThreadOrder> order;
  std::uint64_t item = 0;
  std::uint64_t end = 0;  // of its chunk
  os::Deadline due{};
  std::stop_source stop{std::nostopstate};
  bool late = false;
  bool given_up = false;  // it is late, and its order knows
};

/// Notices when tasks run out of time: a thread, started by the first call with a limit.
class ThreadWatch {
 public:
  ThreadWatch() = default;
  ~ThreadWatch();
  ThreadWatch(const ThreadWatch&) = delete;
  ThreadWatch& operator=(const ThreadWatch&) = delete;

  /// `enter` is called first in the new thread, if there is to be one. Throws std::system_error.
  void start(const std::function<void()>& enter);
  /// Nobody needs it any more: its thread leaves, and none comes.
  void end_soon() noexcept;
  /// The same, and its thread has left.
  void finish() noexcept;

  void begin(TimedTask& task);
  /// False when its time was up before: then its order knows by now.
  bool end(TimedTask& task) noexcept;
  /// Asks the tasks of a call to stop.
  void stop(const ThreadOrder& order);

 private:
  void serve() noexcept;
  std::vector<TimedTask*> take_late(os::Deadline now);
  void give_up(std::unique_lock<std::mutex>& lock, TimedTask& task);

  std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  std::condition_variable given_up_;
  std::vector<TimedTask*> tasks_;
  os::Deadline next_look_ = os::never;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace multiprocess::detail
