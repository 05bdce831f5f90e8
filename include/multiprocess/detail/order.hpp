// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/lanes.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/shared_code.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/shown_progress.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multiprocess::detail {

class PoolEngine;

/// What the caller does while a call is done: who waits may have lent it what it needs.
enum class Caller { waits, goes_on };

/// How a call's items are to be done.
struct OrderTerms {
  std::uint64_t items = 0;
  std::uint64_t chunk = 1;
  std::uint32_t flags = 0;                 // of Batch
  std::chrono::nanoseconds time_limit{0};  // for an item; 0: none
  std::chrono::nanoseconds grace{0};
  int retries = 0;
  int priority = 0;
  Caller caller = Caller::goes_on;
  std::string_view task = {};  // the callable's type, for people
  std::size_t in_size = 0;     // of an item that is used in place
  std::size_t out_size = 0;    // of a result that lies in place
  std::size_t code_size = 0;   // of the callable, where it lies with the batch
  std::uint64_t call = 0;      // for people: the number of the call, 0 if this is all of it, and
  std::uint64_t base = 0;      // how many of its items lie before these
  bool has_messages = false;   // each chunk's items are one
};

/// What became of one item that its worker could not finish.
struct LostItem {
  std::exception_ptr error;
  std::uint64_t moment;
};

/// The same, for a pool to which it makes a difference who waits.
template <Caller of_call>
struct CallTerms : OrderTerms {
  explicit CallTerms(const OrderTerms& terms) : OrderTerms(terms) { caller = of_call; }
};

/// One call as its pool keeps it: the batch, what has to be done again of it, and what is lost.
///
/// Only the process that made the pool has it. Its blocks in shared memory are freed when nobody
/// needs them any more: the caller, a worker that is on its way through them, the pool's lanes.
class Order {
 public:
  Order(std::shared_ptr<PoolEngine> engine, const OrderTerms& terms);
  virtual ~Order();
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;

  Batch& batch() const noexcept { return *at<Batch>(root_); }
  Offset place() const noexcept { return root_; }
  const OrderTerms& terms() const noexcept { return terms_; }
  std::uint64_t number() const noexcept { return number_; }
  PoolEngine& engine() const noexcept { return *engine_; }

  /// Before it is submitted: the callable, and the items where they are no plain ones, in messages
  /// that are private to this process.
  void set_code(std::shared_ptr<const SharedCode> code) noexcept;
  /// Or what there is room for with the batch.
  void set_code(std::span<const std::byte> code) noexcept { Message::put(batch().code, code); }
  void set_message(std::uint64_t chunk, Offset message) noexcept;
  /// Items that lie in shared memory already, and what keeps them there.
  void use_input(Offset items, std::shared_ptr<const void> kept) noexcept {
    batch().plain_in = items;
    input_ = std::move(kept);
  }

  /// Everything is done, or will never be. Cheap: it may be asked again and again.
  bool complete() const noexcept {
    const Looking here(*this);
    return here.released() || (batch().complete.load(std::memory_order_seq_cst) != 0 &&
                               open_rests_.load(std::memory_order_seq_cst) == 0);
  }

  /// Who sleeps until it is complete is to be woken.
  void expect() noexcept;
  /// The pool's own thread is to be told.
  void attend_to() noexcept;

  /// How many items are done.
  std::uint64_t done() const noexcept;

  /// The earliest error of an item, if any. Of a complete order.
  std::exception_ptr first_error();
  /// What became of an item; null when it has a value.
  std::exception_ptr error_of(std::uint64_t item);
  /// Whether an item of an order with a word for each has come to its end.
  bool has_come(std::uint64_t item) const noexcept;
  /// Its value lies in place, and that is all there is to know.
  bool has_plain_value(std::uint64_t item) const noexcept {
    return batch().word(item).load(std::memory_order_acquire) == result::plain &&
           !any_lost_.load(std::memory_order_acquire);
  }
  /// The message with the value of an item, for a Message to take over.
  Offset take_message(std::uint64_t item) noexcept;
  /// A large value of the only item is there, or being written.
  bool has_large_value() const noexcept {
    const Looking here(*this);
    return !here.released() && batch().coming.load(std::memory_order_acquire) != 0;
  }

  /// The message with the value of the only item, also while a worker writes it; 0: there is none.
  /// It stays as long as `look` runs.
  template <class Look>
  void look_at_value(Look look) {
    const std::scoped_lock lock(mutex_);
    look(released_ ? 0 : find_value());
  }

  /// No item is begun any more.
  void withdraw() noexcept;
  bool withdrawn() const noexcept { return withdrawn_.load(std::memory_order_acquire); }

  // For the engine.

  /// When it is complete and somebody is to look; of its end with an error from outside.
  virtual void on_complete() {}
  virtual void fail(std::exception_ptr) noexcept {}
  /// Nobody reads any results any more.
  virtual bool is_read() const noexcept = 0;
  /// It is, or will be by who has begun: its caller is not to be told anything else any more.
  virtual bool is_claimed() const noexcept { return is_read(); }

  bool owns(Offset batch) const noexcept;
  /// Makes the error of an item that has lost so many workers; null: it is begun again.
  using LossError = std::function<std::exception_ptr(std::uint64_t item, int workers)>;
  /// The worker at `place` has ended with a batch of this order in hand.
  void recover(Offset batch, std::uint32_t place, const LossError& why);
  /// Once, when it is complete: what has become of its items counts.
  void account();
  std::uint64_t failures() const;
  /// Takes note of rests that are complete. True when there were some: who waits may look.
  bool close_rests() noexcept;
  void set_verdict(std::uint64_t item, std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    lose(item, std::move(error));
  }
  /// Frees its shared memory as soon as nobody is on his way through it; null: there is nobody.
  /// True when all of it is freed.
  bool release(const Lanes::Look* workers) noexcept;
  /// Bytes in shared memory that are this order's only.
  std::size_t size() const noexcept { return size_; }
  bool is_heavy() const noexcept { return size_ >= Batch::heavy_size; }

  /// Is told from time to time how many items are done, and of how many.
  void show_progress(ShownProgress::Call call);
  bool shows_progress() const noexcept { return progress_ != nullptr; }
  void tell_progress() noexcept;
  /// When it is complete, before it is settled: the last time. False when another thread is
  /// telling: it has to wait for that, and hears of its end as of a result.
  bool end_progress() noexcept {
    if (owes_progress()) {
      progress_->end();
      tell_progress();
    }
    return !owes_progress() || progress_->is_told_here();
  }
  bool has_last_progress() const noexcept { return progress_ == nullptr || progress_->has_ended(); }
  bool owes_progress() const noexcept { return !has_last_progress() && !is_claimed(); }
  bool is_told_elsewhere() const noexcept {
    return progress_ != nullptr && progress_->is_told_elsewhere();
  }

 protected:
  /// Results that lie in place.
  template <class T>
  const T* plain_results() const noexcept {
    return at<T>(batch().plain_out);
  }

 private:
  /// While one exists nothing is released that was not before. Who looks says so first and then
  /// sees whether it was; who releases says that first and then sees whether somebody looks.
  class Looking {
   public:
    explicit Looking(const Order& order) noexcept : order_(order) { ++order_.lookers_; }
    ~Looking() { --order_.lookers_; }
    Looking(const Looking&) = delete;
    Looking& operator=(const Looking&) = delete;
    bool released() const noexcept { return order_.released_.load(std::memory_order_seq_cst); }

   private:
    const Order& order_;
  };

  struct Rest {
    Offset batch;
    bool closed = false;
  };

  /// What workers that have ended left behind.
  struct Damage {
    std::vector<Rest> rests;
    std::map<std::uint64_t, LostItem> lost;
    std::map<std::uint64_t, int> losses;
  };

  void add_size(std::size_t bytes) noexcept {
    size_ += bytes;
    if (is_heavy()) {
      batch().flags.fetch_or(Batch::heavy, std::memory_order_relaxed);  // raw: a hint
    }
  }
  Offset find_value() const noexcept;
  Damage& damage();
  std::span<Rest> rests() const noexcept {
    return damage_ == nullptr ? std::span<Rest>() : damage_->rests;
  }
  void lose(std::uint64_t item, std::exception_ptr error);
  void add_rest(std::uint64_t first, std::uint64_t last);
  /// How many workers it has cost so far. Under the lock.
  int& losses_of(std::uint64_t item) { return damage().losses[item]; }
  bool may_retry(std::uint64_t item);
  void drop_unread() noexcept;
  static bool can_free(Offset batch, const Lanes::Look* workers) noexcept;

  std::shared_ptr<PoolEngine> engine_;
  OrderTerms terms_;
  std::uint64_t number_;
  Offset root_ = 0;
  std::size_t size_ = 0;
  std::shared_ptr<const SharedCode> code_;
  std::shared_ptr<const void> input_;
  std::atomic<std::uint32_t> open_rests_{0};
  std::atomic<bool> withdrawn_{false};
  std::atomic<bool> accounted_{false};
  std::atomic<bool> any_lost_{false};
  std::atomic<bool> released_{false};  // changes under the lock
  mutable std::atomic<std::uint32_t> lookers_{0};

  std::unique_ptr<ShownProgress> progress_;

  friend class LiveOrders;
  std::shared_ptr<Order> itself_;  // while it is one of those
  bool is_live_ = false;
  Order* before_ = nullptr;
  Order* after_ = nullptr;

  mutable std::mutex mutex_;        // of what follows
  std::unique_ptr<Damage> damage_;  // null: none yet
};

}  // namespace multiprocess::detail
