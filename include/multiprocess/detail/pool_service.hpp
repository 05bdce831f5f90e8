// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/pool_workers.hpp>
#include <multiprocess/detail/sentences.hpp>
#include <multiprocess/detail/warden.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace multiprocess::detail {

class PoolEngine;

/// A pool's own thread. It does what must be done when nobody waits: ends of workers, new workers,
/// time limits, callbacks, progress, and the end of the pool.
class PoolService final : private EndListener {
 public:
  explicit PoolService(PoolEngine& engine) noexcept : engine_(engine) {}
  ~PoolService() { stop_listening(*this); }
  PoolService(const PoolService&) = delete;
  PoolService& operator=(const PoolService&) = delete;

  /// It keeps the pool as long as it runs. Throws std::system_error.
  void start(std::shared_ptr<PoolEngine> engine);

  /// Under the pool's lock.
  bool runs() const noexcept { return runs_; }
  /// Returns when it has ended, all callbacks are made, and it has let go of the pool, whose memory
  /// its thread would else give back while this process may be about to leave; at once within a
  /// callback of its own.
  void wait_for_end() noexcept;

  /// This is its thread.
  bool is_here() const noexcept { return thread_.load() == std::this_thread::get_id(); }

  /// Sees to orders that are complete.
  void settle_complete();

 private:
  using Orders = std::vector<std::shared_ptr<Order>>;

  void child_ended() noexcept override;
  void serve() noexcept;
  bool serve_round();
  void sleep_until_news(std::uint64_t seen);
  bool settle_in_order(Orders& owing);
  void handle_ends();
  void handle_end(const EndedWorker& ended);
  std::exception_ptr error_for(const EndedWorker& ended, const std::optional<Sentence>& given,
                               const Order& order, std::uint64_t item, int workers);
  std::shared_ptr<Order> owner_of(Offset batch) const;
  void refill();
  void break_pool(const std::exception_ptr& cause);
  void execute_sentences(os::Deadline now);
  void show_progress(os::Deadline now);
  void hurry_the_end(os::Deadline now) noexcept;
  void end_worker(std::uint32_t place) noexcept;
  os::Deadline next_look() const;
  bool has_open_work() const;
  bool is_finished() const;
  void end() noexcept;

  PoolEngine& engine_;
  std::atomic<bool> runs_{false};
  std::shared_future<void> gone_;  // its thread has neither work nor the pool any more
  std::atomic<std::thread::id> thread_{};
  os::Deadline next_progress_{};
  os::Deadline terminated_at_ = os::never;
  std::size_t steps_ = 0;                   // to the end that were done
  std::vector<EndedWorker> ended_workers_;  // to be handled
  bool cannot_start_ = false;
  bool expects_end_ = false;
};

}  // namespace multiprocess::detail
