// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/shown_progress.hpp>
#include <multiprocess/detail/word.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace multiprocess::detail {

class ThreadChunk;
class ThreadEngine;

/// Threads that sleep until something is so, and are woken to look.
class Sleepers {
 public:
  /// False when the deadline comes first.
  template <class Ready>
  bool wait(os::Deadline deadline, Ready ready) {
    for (Spin spin; spin.again();) {
      if (ready()) {
        return true;
      }
    }
    std::unique_lock lock(mutex_);
    if (deadline == os::never) {
      changed_.wait(lock, ready);
      return true;
    }
    return changed_.wait_until(lock, deadline, ready);
  }
  void wake() noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// One call as a pool of threads keeps it: chunks of items that threads claim one after the other.
///
/// It is complete when every chunk is done, left to its thread because its time was up, or
/// withdrawn: who notices that settles it.
class ThreadOrder {
 public:
  struct Chunk {
    std::uint64_t begin;
    std::uint64_t end;
  };

  /// With a number of its own unless it is given that of the call of which it is a part.
  ThreadOrder(std::shared_ptr<ThreadEngine> engine, const OrderTerms& terms,
              std::optional<std::uint64_t> number = std::nullopt);
  virtual ~ThreadOrder();
  ThreadOrder(const ThreadOrder&) = delete;
  ThreadOrder& operator=(const ThreadOrder&) = delete;

  const OrderTerms& terms() const noexcept { return terms_; }
  std::uint64_t number() const noexcept { return number_; }
  ThreadEngine& engine() const noexcept { return *engine_; }
  const std::shared_ptr<ThreadEngine>& shared_engine() const noexcept { return engine_; }
  bool has(std::uint32_t flag) const noexcept { return (terms_.flags & flag) != 0; }
  std::stop_token stop_token() const noexcept { return stop_.get_token(); }

  std::optional<Chunk> claim() noexcept;
  bool complete() const noexcept { return open_.load(std::memory_order_seq_cst) == 0; }
  /// Nothing is left to claim.
  bool exhausted() const noexcept;
  /// Does what was claimed. `self` is this.
  void work_on(const std::shared_ptr<ThreadOrder>& self, const Chunk& chunk) noexcept;

  /// Nothing of it is begun any more, what is running is asked to stop, and `why` becomes of it: at
  /// once, or when nobody is at work on it where its caller waits.
  void withdraw(const std::exception_ptr& why) noexcept;
  bool withdrawn() const noexcept { return withdrawn_.load(std::memory_order_acquire); }

  /// The item has run out of time. The rest of its chunk is for others.
  void lose(const std::shared_ptr<ThreadOrder>& self, std::uint64_t item,
            std::uint64_t end) noexcept;

  // For the chunks.

  /// What became of an item.
  void note_error(std::uint64_t item, std::exception_ptr error) noexcept;
  /// Its chunks look at it after each item: it has a time limit, a seed, or a progress.
  bool is_looked_at() const noexcept { return looked_at_; }
  void tell_progress(std::uint64_t ended) noexcept;
  /// An item's number in the whole call.
  virtual std::uint64_t item_number(std::uint64_t item) const noexcept { return item; }

  /// Before it is submitted: is told from time to time how many items are done, and of how many.
  void show_progress(ShownProgress::Call call);

 protected:
  virtual void run(ThreadChunk& chunk) = 0;
  /// Nobody is at work on it any more.
  virtual void on_complete() noexcept = 0;
  /// The first one is kept.
  virtual void put_error(std::uint64_t item, std::exception_ptr error) noexcept;
  /// It was withdrawn.
  virtual void fail(const std::exception_ptr& why) noexcept = 0;

  /// Of a complete order: why it was withdrawn, or the first error of an item.
  std::exception_ptr error() const;
  /// This thread is telling that all is done.
  bool is_told_last_here() const noexcept {
    return progress_ != nullptr && complete() && progress_->is_told_here();
  }

 private:
  std::optional<Chunk> claim_rest() noexcept;
  std::uint64_t take_unclaimed() noexcept;
  bool leave_rest(const Chunk& rest);
  void close(std::uint64_t chunks) noexcept;
  void account() noexcept;
  void end_progress() noexcept;

  std::shared_ptr<ThreadEngine> engine_;
  OrderTerms terms_;
  std::uint64_t number_;
  std::uint64_t chunks_;
  bool looked_at_;
  std::stop_source stop_{std::nostopstate};

  std::unique_ptr<ShownProgress> progress_;
  std::atomic<os::Deadline> next_progress_{os::Deadline{}};

  std::atomic<std::uint64_t> next_{0};   // chunk to be claimed
  std::atomic<std::uint64_t> open_;      // chunks that are not closed
  std::atomic<std::uint64_t> ended_{0};  // items
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<bool> withdrawn_{false};
  std::atomic<bool> accounted_{false};
  std::atomic<bool> has_rests_{false};

  mutable std::mutex mutex_;  // of what follows
  std::vector<Chunk> rests_;
  std::exception_ptr failure_;
  std::exception_ptr first_error_;
};

}  // namespace multiprocess::detail
