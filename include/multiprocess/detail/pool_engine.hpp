// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/call_state.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/callback_turns.hpp>
#include <multiprocess/detail/imap_feeds.hpp>
#include <multiprocess/detail/lanes.hpp>
#include <multiprocess/detail/live_orders.hpp>
#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/pool_service.hpp>
#include <multiprocess/detail/pool_workers.hpp>
#include <multiprocess/detail/sentences.hpp>
#include <multiprocess/detail/trace_file.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/pool_options.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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
class PoolEngine final : public std::enable_shared_from_this<PoolEngine> {
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

  /// Until it is removed more may be submitted for it, also after `close`. Throws as
  /// require_running(), which was called before.
  void add_feed(std::shared_ptr<ImapFeed> feed);
  void remove_feed(const ImapFeed& feed) noexcept;
  /// What a feed has read. Why it is not to be done when the pool has ended; else null.
  std::exception_ptr submit_more(const std::shared_ptr<Order>& order);

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

  /// Sees to the calls that are complete and have callbacks.
  void settle_complete() { service_.settle_complete(); }
  CallbackTurns* callback_turns() noexcept { return is_at_home() ? &callback_turns_ : nullptr; }
  bool is_service_here() const noexcept { return service_.is_here(); }
  /// Those who wait look again.
  void wake_waiters() noexcept { board().done.wake(INT_MAX); }
  /// The results of an order were read: its memory may go.
  void was_read(Order& order) noexcept;
  /// Nobody wants its results: what is running of it is ended.
  void abandon(Order& order) noexcept;
  void report(std::exception_ptr error) const noexcept;

  /// False in a forked child, whose copy of the pool is of no use.
  bool is_at_home() const noexcept { return this_participant() == creator_; }
  /// Throws RuntimeError there.
  void require_at_home() const {
    if (!is_at_home()) {
      throw_pool_of_another_process();
    }
  }
  State state() const noexcept { return state_.load(std::memory_order_acquire); }
  void close() noexcept;
  /// False as soon as the workers leave when they find nothing to do.
  bool expects_more() const noexcept {
    return state() != State::terminate && board().closing.load(std::memory_order_seq_cst) == 0;
  }
  /// Ends the workers and everything that is not done. Returns when they have ended.
  void terminate() noexcept;
  /// Throws ValueError while the pool runs. Has the rest of all feeds read, waits until all workers
  /// have ended.
  void join();
  void set_exit_call(const Job& job);

  PoolWorkers& workers() noexcept { return workers_; }
  PoolStats stats() const;
  bool traces() const noexcept { return trace_ != nullptr; }
  bool seeds() const noexcept { return plan_.seed.has_value(); }

  // For orders.
  Lanes& lanes() noexcept { return lanes_; }
  std::uint64_t next_number() noexcept { return ++last_number_; }
  void count_parts(int change) noexcept {
    parts_.fetch_add(change, std::memory_order_relaxed);  // raw: ours
  }
  void count_retry() noexcept { ++counts_.retried; }

 private:
  friend class PoolService;
  using Orders = std::vector<std::shared_ptr<Order>>;

  /// False when the pool is broken, or further than `latest`.
  bool try_submit(const std::shared_ptr<Order>& order, State latest);
  void let_workers_leave() noexcept;
  void sweep(LiveOrders& removed) noexcept;
  void sweep_read(LiveOrders& removed) noexcept;
  const Lanes::Look* look_for_workers() noexcept;
  static bool is_over(const std::shared_ptr<Order>& order) noexcept;
  void fail_all(const std::exception_ptr& error) noexcept;
  bool is_idle() const noexcept;
  void work_inline();
  /// Those live ones of which `predicate` is true.
  template <class Predicate>
  Orders live_if(Predicate predicate) const {
    const std::scoped_lock lock(mutex_);
    Orders some;
    std::copy_if(live_.begin(), live_.end(), std::back_inserter(some), predicate);
    return some;
  }

  PoolPlan plan_;
  SharedRef board_;
  Ticket creator_;
  PoolWorkers workers_;
  Lanes lanes_;
  Sentences sentences_;
  PoolService service_;
  CallbackTurns callback_turns_;
  PoolCounts counts_;
  std::atomic<State> state_{State::run};
  std::atomic<std::uint64_t> last_number_{0};
  std::atomic<int> parts_{0};
  ImapFeeds feeds_;

  std::unique_ptr<TraceFile> trace_;

  mutable std::mutex mutex_;  // of what follows
  LiveOrders live_;
  std::size_t sweep_at_ = 64;
  std::array<Order*, 32> read_{};  // live ones that may go
  std::size_t read_count_ = 0;
  std::exception_ptr broken_;

  std::recursive_mutex inline_mutex_;  // a task may ask for more
  std::atomic<int> inline_depth_{0};
};

}  // namespace multiprocess::detail
