// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/imap_input.hpp>
#include <multiprocess/detail/order.hpp>
#include <multiprocess/detail/pool_call.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/pool_options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// A few items of an imap, which were read together: the caller takes their results one by one.
class Piece final : public Order {
 public:
  using Order::Order;

  void fail(std::exception_ptr error) noexcept override;
  /// What befell all of it from outside, if anything did.
  std::exception_ptr failure() const;

  bool is_read() const noexcept override { return read_.load(std::memory_order_acquire); }
  void set_read() noexcept { read_.store(true, std::memory_order_release); }

  template <class R>
  yielded_t<R> take(std::uint64_t item) {
    if (!has_plain_value(item)) {
      if (const std::exception_ptr error = error_of(item); error != nullptr) {
        throw_to_waiter(error);
      }
    }
    if constexpr (std::is_void_v<R>) {
      return {};
    } else if constexpr (lies_in_place<R>) {
      return plain_results<R>()[item];
    } else {
      return read_result<R>(take_message(item));
    }
  }

 private:
  std::atomic<bool> read_{false};
  mutable std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

/// The pieces of an imap whose results are not all taken yet, and how far ahead it may read.
class Pieces {
 public:
  Pieces(std::shared_ptr<PoolEngine> engine, bool ordered, std::size_t most_ahead);
  ~Pieces();
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  struct Found {
    std::shared_ptr<Piece> piece;
    std::uint64_t item;
  };

  /// How many items may be read now: none while there is enough to do.
  std::size_t room() const noexcept;
  void add(std::shared_ptr<Piece> piece, std::size_t bytes);
  bool empty() const noexcept { return pieces_.empty(); }
  /// A result that is there, and counts as taken then. The next one, or any.
  std::optional<Found> find();
  /// Throws TimeoutError.
  void wait(os::Deadline deadline);
  std::size_t taken() const noexcept { return taken_; }

 private:
  struct Entry {
    std::shared_ptr<Piece> piece;
    std::size_t bytes;
    std::uint64_t first_left = 0;     // items before it are taken
    std::vector<bool> taken_later{};  // of the others, when any order will do
  };

  bool is_there(const Entry& entry, std::uint64_t item) const noexcept;
  std::optional<std::uint64_t> find_in(const Entry& entry) const noexcept;
  void note_taken(Entry& entry, std::uint64_t item);
  bool any_there() const noexcept;
  void drop_taken() noexcept;

  std::shared_ptr<PoolEngine> engine_;
  bool ordered_;
  std::size_t most_ahead_;
  std::size_t ahead_ = 0;
  std::size_t bytes_ = 0;
  std::size_t taken_ = 0;
  std::deque<Entry> pieces_;
};

/// The input of an imap, which the thread that takes the results reads, a few items at once; and
/// after `close` one that joins the pool, all that is left.
template <class F, class Item, class Range>
class ImapReader final : public ImapFeed {
 public:
  using R = task_result_t<F, std::tuple<Item>>;

  ImapReader(std::shared_ptr<PoolEngine> engine, OrderTerms terms, const MapOptions& options,
             const F& f, Range&& range)
      : engine_(std::move(engine)),
        terms_(typed_terms<F, Spread::one, Item>(terms)),
        code_(make_code<F, Spread::one, Item>(engine_, f)),
        input_(std::forward<Range>(range), options) {
    terms_.flags |= Batch::word_each | Batch::told_each;
    terms_.call = engine_->next_number();
    terms_.chunk = terms.chunk;
  }

  // For the one who takes.

  /// As much as there is room for, and what somebody else has read meanwhile. False at the end.
  bool read(Pieces& pieces) {
    taker_waits_.store(true, std::memory_order_relaxed);
    const std::scoped_lock lock(mutex_);
    taker_waits_.store(false, std::memory_order_relaxed);
    take_late(pieces);
    read_some(pieces.room(), [&pieces](auto&&... piece) { pieces.add(std::move(piece)...); });
    return !input_.ended();
  }
  /// The range may go.
  void end(Pieces& pieces) {
    const std::scoped_lock lock(mutex_);
    input_.end(nullptr);
    take_late(pieces);
  }
  void throw_error() { input_.throw_error(); }
  void show_progress(std::size_t done, bool over) { input_.show_progress(done, over); }

  void read_all() noexcept override {
    while (read_later()) {
      while (taker_waits_.load(std::memory_order_relaxed)) {
        std::this_thread::yield();  // what is there shall not wait until all is read
      }
    }
  }

 private:
  bool read_later() noexcept {
    const std::scoped_lock lock(mutex_);
    try {
      read_some(std::numeric_limits<std::size_t>::max(),
                [this](auto&&... piece) { late_.emplace_back(std::move(piece)...); });
    } catch (...) {
      input_.end(std::current_exception());
    }
    return !input_.ended();
  }

  template <class Add>
  void read_some(std::size_t room, Add add) {
    std::vector<Item> items = input_.read(room, terms_.chunk);
    if (items.empty()) {
      return;
    }
    OrderTerms terms = terms_;
    terms.items = items.size();
    terms_.base += items.size();
    auto piece = std::make_shared<Piece>(engine_, terms);
    piece->set_code(code_);
    fill<Spread::one, Item>(*piece, items);
    const std::size_t bytes = piece->size();
    if (const auto ended = engine_->submit_more(piece); ended != nullptr) {
      input_.end(ended);
    } else {
      add(std::move(piece), bytes);
    }
  }

  void take_late(Pieces& pieces) {
    for (auto& [piece, bytes] : std::exchange(late_, {})) {
      pieces.add(std::move(piece), bytes);
    }
  }

  std::shared_ptr<PoolEngine> engine_;
  OrderTerms terms_;
  std::shared_ptr<const SharedCode> code_;
  std::atomic<bool> taker_waits_{false};
  std::mutex mutex_;  // of what follows, until the input has ended
  ImapInput<Item, Range> input_;
  std::vector<std::pair<std::shared_ptr<Piece>, std::size_t>> late_;
};

template <class F, class Item, class Range>
class ImapSource final : public ResultSource<yielded_t<task_result_t<F, std::tuple<Item>>>> {
 public:
  using R = task_result_t<F, std::tuple<Item>>;

  ImapSource(std::shared_ptr<PoolEngine> engine, const OrderTerms& terms, const MapOptions& options,
             const F& f, Range&& range, bool ordered)
      : engine_(std::move(engine)),
        reader_(std::make_shared<ImapReader<F, Item, Range>>(engine_, terms, options, f,
                                                             std::forward<Range>(range))),
        pieces_(engine_, ordered, ahead_limit(options, terms.chunk)) {
    engine_->add_feed(reader_);
    if constexpr (std::ranges::forward_range<Range>) {
      try {
        read_ahead();  // work may begin
      } catch (...) {
        engine_->remove_feed(*reader_);
        throw;
      }
    }
  }
  ~ImapSource() override {
    engine_->remove_feed(*reader_);
    reader_->end(pieces_);
  }
  ImapSource(const ImapSource&) = delete;
  ImapSource& operator=(const ImapSource&) = delete;

  std::optional<yielded_t<R>> next(os::Deadline deadline) override {
    engine_->require_at_home();
    while (true) {
      read_ahead();
      if (auto found = pieces_.find()) {
        reader_->show_progress(pieces_.taken(), false);
        if (auto failure = found->piece->failure(); failure != nullptr) {
          throw_to_waiter(failure);
        }
        return found->piece->template take<R>(found->item);
      }
      if (pieces_.empty() && !ended_) {
        continue;
      }
      if (pieces_.empty()) {
        reader_->show_progress(pieces_.taken(), true);
        reader_->throw_error();
        return std::nullopt;
      }
      if (pieces_.room() == 0 || ended_) {
        pieces_.wait(deadline);
      }
    }
  }

 private:
  void read_ahead() {
    if (!ended_ && !reader_->read(pieces_)) {
      ended_ = true;
      engine_->remove_feed(*reader_);
    }
  }

  std::shared_ptr<PoolEngine> engine_;
  std::shared_ptr<ImapReader<F, Item, Range>> reader_;
  Pieces pieces_;
  bool ended_ = false;  // there is no more to read
};

}  // namespace multiprocess::detail
