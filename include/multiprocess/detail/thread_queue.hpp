// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/thread_order.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace multiprocess::detail {

/// What the threads of a pool have to do: orders, the most urgent first, else in the order in which
/// they came; and who is at which.
class ThreadQueue {
 public:
  enum class State { run, close, terminate };
  struct Work {
    std::shared_ptr<ThreadOrder> order;
    ThreadOrder::Chunk chunk;
  };
  using Orders = std::vector<std::shared_ptr<ThreadOrder>>;

  ThreadQueue() noexcept;

  State state() const noexcept { return state_.load(std::memory_order_acquire); }

  /// A thread that will call `next` until it gives nothing.
  void add_thread();
  void remove_thread() noexcept;

  enum class Put { queued, no_threads, terminated };
  /// Where there are no threads it counts as in hand, the caller's.
  Put put(const std::shared_ptr<ThreadOrder>& order);

  /// A chunk, whose order counts as in hand from now on, instead of that of `done`. Waits for it;
  /// nothing when no more will come: then the thread counts as removed.
  std::optional<Work> next(std::optional<Work> done);
  /// Something more urgent is waiting.
  bool has_before(const ThreadOrder& order) const noexcept {
    return urgent_.load(std::memory_order_relaxed) > order.terms().priority;
  }
  /// The caller is at it, or not any more.
  void take(const std::shared_ptr<ThreadOrder>& order);
  void drop(const ThreadOrder& order) noexcept;

  /// Somebody who will put more, also after `close`: the threads wait for him.
  void add_source();
  void remove_source() noexcept;

  void close() noexcept;
  /// From now on the threads do not wait for sources.
  void hurry() noexcept;
  /// Nothing more is given out. What was queued or is in hand.
  Orders terminate();

 private:
  using Lane = std::deque<std::shared_ptr<ThreadOrder>>;

  std::optional<Work> find();
  void forget(const ThreadOrder& order) noexcept;
  void note_urgent() noexcept;
  bool has_work() const noexcept;
  bool is_over() const noexcept;
  void sleep(std::unique_lock<std::mutex>& lock);
  template <class Change>
  void change(Change change);

  std::atomic<State> state_{State::run};
  std::atomic<std::uint64_t> version_{0};  // changes whenever a thread may find something else
  std::atomic<int> urgent_;                // the highest priority that waits

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::map<int, Lane, std::greater<>> lanes_;
  Orders in_hand_;
  std::size_t threads_ = 0;
  std::size_t spinning_ = 0;
  std::size_t sources_ = 0;
  bool hurried_ = false;
};

}  // namespace multiprocess::detail
