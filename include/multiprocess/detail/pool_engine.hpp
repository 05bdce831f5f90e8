// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/pool_workers.hpp>
#include <multiprocess/detail/trace_file.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/pool_options.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace multiprocess::detail {

/// What a pool is made with.
struct PoolPlan {
  WorkersPlan workers;
  std::uint64_t chunks_per_worker = 0;  // 0: no limit
  std::uint64_t memory_per_worker = 0;  // likewise
  std::optional<std::uint64_t> seed;
  std::string trace_file;
  bool inline_tasks = false;
  std::function<void(std::exception_ptr)> on_callback_error;
};

/// What a pool has done so far.
struct PoolCounts {
  std::atomic<std::uint64_t> submitted{0};
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};
  std::atomic<std::uint64_t> retried{0};
  std::atomic<std::uint64_t> timed_out{0};
};

/// A pool without its types: the lanes that its workers take work from, the orders that are not
/// over yet, and a thread that sees to everything that must happen when nobody waits: deaths, time
/// limits, callbacks, new workers.
class PoolEngine final : public std::enable_shared_from_this<PoolEngine>, private EndListener {
 public:
  enum class State { run, close, terminate };

  /// Starts the workers. Throws as their start does; none is left then.
  static std::shared_ptr<PoolEngine> start(PoolPlan plan);

  explicit PoolEngine(PoolPlan plan);
  ~PoolEngine();
  PoolEngine(const PoolEngine&) = delete;
  PoolEngine& operator=(const PoolEngine&) = delete;

  Board& board() const noexcept { return *static_cast<Board*>(board_.address()); }
  std::uint32_t size() const noexcept { return board().places; }

  /// Throws ValueError when the pool does not run any more, and what broke it when it is broken.
  void require_running();

  /// An order is complete: it counts, and goes into the trace.
  void account_for(const Order& order);

  /// From now on the workers see it.
  void submit(const std::shared_ptr<Order>& order);

  /// Waits until `ready()`. It comes about by orders of which `expect` says that they are expected.
  template <class Expect, class Ready>
  bool wait(os::Deadline deadline, Expect expect, Ready ready) {
    for (Spin spin; spin.again();) {
      if (ready()) {
        return true;
      }
    }
    expect();
    return sleep_until(board().done, deadline, ready);
  }

  /// Those who wait look again.
  void wake_waiters() noexcept;
  /// The order is to be looked after, also when nobody waits for it.
  void attend(Order& order) noexcept;
  /// The results of an order were read: its memory may go.
  void was_read(const Order& order) noexcept;
  /// Nobody wants its results: what is running of it is ended.
  void abandon(Order& order) noexcept;
  void report(std::exception_ptr error) const noexcept;

  State state() const noexcept { return state_.load(std::memory_order_acquire); }
  void close() noexcept;
  /// Ends the workers and everything that is not done. Returns when they have ended.
  void terminate() noexcept;
  /// Throws ValueError while the pool runs. Waits until all workers have ended.
  void join();
  void set_exit_call(const Job& job);

  PoolWorkers& workers() noexcept { return workers_; }
  PoolStats stats() const;
  PoolCounts& counts() noexcept { return counts_; }
  bool traces() const noexcept { return trace_ != nullptr; }
  bool seeds() const noexcept { return plan_.seed.has_value(); }

  // For orders.
  std::uint64_t next_number() noexcept { return ++last_number_; }
  void count_parts(int change) noexcept { parts_.fetch_add(change, std::memory_order_relaxed); }
  void count_retry() noexcept { ++counts_.retried; }
  void append(Offset batch, int priority);
  bool has_passed(Offset batch) const noexcept;

 private:
  struct LaneState {
    int priority = 0;
    Offset tail = 0;
    std::uint64_t turn = 0;
    std::vector<Offset> dummies;  // batches without work, so that a lane is never without one
  };
  /// A worker whose task is to end, with the worker if it must be.
  struct Sentence {
    std::shared_ptr<Order> order;
    std::uint32_t place;
    std::uint64_t item;
    bool out_of_time;         // else nobody wants its result
    os::Deadline mild_until;  // until then it is only asked
    os::Deadline end;         // then it is killed
    bool asked = false;
    bool terminated = false;
  };
  using Orders = std::vector<std::shared_ptr<Order>>;

  std::size_t lane_for(int priority);
  std::size_t add_lane(int priority);
  void append_to(std::size_t lane, Offset batch) noexcept;
  void publish_lanes() noexcept;
  void advance_lanes() noexcept;
  void free_lanes() noexcept;
  Offset make_dummy();
  bool has_open_work() const noexcept;

  void sweep() noexcept;
  static bool is_read(const std::shared_ptr<Order>& order) noexcept;
  void fail_all(const std::exception_ptr& error) noexcept;
  void work_inline();
  void wait_for_service() noexcept;

  // The pool's own thread: pool_service.cpp.
  void child_ended() noexcept override { call_attention(board()); }
  void start_service();
  void serve() noexcept;
  bool serve_round();
  void sleep_until_news(std::uint64_t seen);
  void handle_ends();
  void handle_end(const EndedWorker& ended);
  std::optional<Sentence> sentence_of(std::uint32_t place) const;
  std::exception_ptr error_for(const EndedWorker& ended, const std::optional<Sentence>& given,
                               const Order& order, std::uint64_t item);
  void refill();
  void settle_complete();
  void check_limits(os::Deadline now);
  void sentence(const std::shared_ptr<Order>& order, std::uint32_t place, std::uint64_t item,
                bool out_of_time);
  void condemn_workers_of(const std::shared_ptr<Order>& order);
  void execute_sentences(os::Deadline now);
  bool execute(Sentence& sentence, os::Deadline now);
  void show_progress(os::Deadline now);
  void hurry_the_end(os::Deadline now) noexcept;
  os::Deadline next_look() const;
  std::shared_ptr<Order> owner_of(Offset batch) const;
  void break_pool(const std::exception_ptr& cause);
  bool is_finished();
  void end_service() noexcept;

  PoolPlan plan_;
  SharedRef board_;
  Ticket creator_;
  PoolWorkers workers_;
  PoolCounts counts_;
  std::atomic<State> state_{State::run};
  std::atomic<std::uint64_t> last_number_{0};
  std::atomic<int> parts_{0};

  mutable std::mutex lanes_mutex_;  // of the lanes; no other lock is taken under it
  std::vector<LaneState> lanes_;

  mutable std::mutex mutex_;  // of what follows
  Orders live_;
  std::size_t sweep_at_ = 64;
  std::exception_ptr broken_;
  std::vector<Sentence> sentences_;
  bool service_runs_ = false;
  std::atomic<std::thread::id> service_thread_{};
  std::condition_variable service_ended_;
  os::Deadline next_progress_{};
  os::Deadline kill_at_ = os::never;
  bool cannot_start_ = false;
  std::unique_ptr<TraceFile> trace_;

  std::mutex inline_mutex_;
  int inline_depth_ = 0;
};

}  // namespace multiprocess::detail
