// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/callback_turns.hpp>
#include <multiprocess/detail/thread_order.hpp>
#include <multiprocess/detail/thread_queue.hpp>
#include <multiprocess/detail/thread_watch.hpp>
#include <multiprocess/detail/trace_file.hpp>
#include <multiprocess/pool_options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace multiprocess::detail {

/// What a pool of threads is made with.
struct ThreadPlan {
  std::uint32_t count = 1;
  std::vector<int> cpus = {};
  std::optional<std::uint64_t> seed = std::nullopt;
  std::string trace_file = {};
  bool inline_tasks = false;
  std::function<void(std::exception_ptr)> on_callback_error = {};
  std::function<void()> initializer = {};  // each thread calls a copy
};

/// What a pool of threads has done so far.
struct ThreadCounts {
  std::atomic<std::uint64_t> submitted{0};
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};
  std::atomic<std::uint64_t> timed_out{0};
};

/// A pool of threads without its types: a queue of orders, and the threads that claim from it.
class ThreadEngine : public std::enable_shared_from_this<ThreadEngine> {
 public:
  using State = ThreadQueue::State;

  /// Starts the threads. Throws as their start does; none is left then.
  static std::shared_ptr<ThreadEngine> start(ThreadPlan plan);

  explicit ThreadEngine(ThreadPlan plan);
  ~ThreadEngine();
  ThreadEngine(const ThreadEngine&) = delete;
  ThreadEngine& operator=(const ThreadEngine&) = delete;

  std::size_t size() const noexcept { return hands_.size(); }
  /// This is one of its own threads.
  bool is_here() const noexcept { return here().engine == this; }
  /// Throws RuntimeError in a forked child, whose copy of the pool is of no use.
  void require_at_home() const;
  State state() const noexcept { return queue_.state(); }

  /// Throws ValueError when the pool does not run any more, and what broke it when it is broken.
  void require_running() const;
  /// From now on the threads see it.
  void submit(const std::shared_ptr<ThreadOrder>& order) {
    require_running();
    submit_more(order);
  }
  /// What an imap that was begun before has read meanwhile: also after `close`. When the threads
  /// are gone it is done here.
  void submit_more(const std::shared_ptr<ThreadOrder>& order);
  /// Some of it can be claimed again.
  void submit_again(const std::shared_ptr<ThreadOrder>& order);

  /// In one of the pool's own threads, which is about to wait for an order: does a chunk of it
  /// instead. False when there is none, and in other threads.
  bool help(const std::shared_ptr<ThreadOrder>& order);

  void close() noexcept;
  /// Withdraws what is not done, and waits for the threads and for all callbacks, unless it is one
  /// of them that calls.
  void terminate() noexcept;
  /// Waits for the threads and for all callbacks. Throws ValueError while the pool runs,
  /// RuntimeError in one of them.
  void join();
  void set_exit_call(std::function<void()> call);

  PoolStats stats() const;
  void report(const std::exception_ptr& error) const noexcept;
  CallbackTurns* callback_turns() noexcept;

  // For orders.
  std::uint64_t next_number() noexcept { return ++last_number_; }
  ThreadCounts& counts() noexcept { return counts_; }
  ThreadWatch& watch() noexcept { return watch_; }
  ThreadQueue& queue() noexcept { return queue_; }
  const std::optional<std::uint64_t>& seed() const noexcept { return plan_.seed; }

 private:
  /// What is known of one thread.
  struct Hand {
    std::uint32_t index = 0;
    int depth = 0;  // chunks that it is in, one in the other
    std::atomic<int> thread_number{0};
    std::atomic<std::uint64_t> began{0};
    std::atomic<std::uint64_t> left{0};
    std::atomic<std::uint64_t> busy{0};
    std::vector<SlowestTask> slowest;  // under the mutex
    std::uint64_t slow = 0;            // what takes no longer is not among them
  };
  /// Where the calling thread is.
  struct Here {
    const ThreadEngine* engine = nullptr;
    Hand* hand = nullptr;
  };

  static Here& here() noexcept;

  void start_threads();
  void live(Hand& hand) noexcept;
  bool prepare(Hand& hand) noexcept;
  void leave(Hand& hand) noexcept;
  void break_pool(const std::exception_ptr& cause) noexcept;
  std::exception_ptr why_terminated() const;

  void do_work(Hand& hand, ThreadQueue::Work& work) noexcept;
  std::uint64_t do_chunk(Hand& hand, const ThreadQueue::Work& work, std::uint64_t begin) noexcept;
  void note(Hand& hand, const ThreadQueue::Work& work, std::uint64_t begin,
            std::uint64_t end) noexcept;
  void do_here(const std::shared_ptr<ThreadOrder>& order);
  void end_with(const std::exception_ptr& why) noexcept;
  void join_threads() noexcept;

  ThreadPlan plan_;
  int creator_;
  std::deque<Hand> hands_;
  ThreadQueue queue_;
  ThreadCounts counts_;
  ThreadWatch watch_;
  std::unique_ptr<TraceFile> trace_;
  std::atomic<std::uint64_t> last_number_{0};

  CallbackTurns callback_turns_;
  mutable std::mutex mutex_;  // of what follows
  std::function<void()> exit_call_;
  std::exception_ptr broken_;

  std::mutex join_mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace multiprocess::detail
