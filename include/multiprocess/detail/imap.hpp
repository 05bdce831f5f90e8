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
#include <memory>
#include <mutex>
#include <optional>
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

template <class F, class Item, class Range>
class ImapSource final : public ResultSource<yielded_t<task_result_t<F, std::tuple<Item>>>> {
 public:
  using R = task_result_t<F, std::tuple<Item>>;

  ImapSource(std::shared_ptr<PoolEngine> engine, OrderTerms terms, const MapOptions& options,
             const F& f, Range&& range, bool ordered)
      : engine_(std::move(engine)),
        terms_(typed_terms<F, Spread::one, Item>(terms)),
        code_(make_code<F, Spread::one, Item>(engine_, f)),
        input_(std::forward<Range>(range), options),
        pieces_(engine_, ordered, ahead_limit(options, terms.chunk)) {
    terms_.flags |= Batch::word_each | Batch::told_each;
    terms_.call = engine_->next_number();
    terms_.chunk = terms.chunk;
    if constexpr (std::ranges::forward_range<Range>) {
      read_ahead();  // work may begin
    }
  }

  std::optional<yielded_t<R>> next(os::Deadline deadline) override {
    while (true) {
      read_ahead();
      if (auto found = pieces_.find()) {
        input_.show_progress(pieces_.taken(), false);
        if (auto failure = found->piece->failure(); failure != nullptr) {
          throw_to_waiter(failure);
        }
        return found->piece->template take<R>(found->item);
      }
      if (pieces_.empty() && pieces_.room() != 0 && !input_.ended()) {
        continue;
      }
      if (pieces_.empty()) {
        input_.show_progress(pieces_.taken(), true);
        input_.throw_error();
        return std::nullopt;
      }
      if (pieces_.room() == 0 || input_.ended()) {
        pieces_.wait(deadline);
      }
    }
  }

 private:
  void read_ahead() {
    if (engine_->state() == PoolEngine::State::terminate) {
      if (pieces_.empty()) {
        engine_->throw_terminated();
      }
      return;
    }
    std::vector<Item> items = input_.read(pieces_.room(), terms_.chunk);
    if (!items.empty()) {
      submit(items);
    }
  }

  void submit(std::vector<Item>& items) {
    OrderTerms terms = terms_;
    terms.items = items.size();
    terms_.base += items.size();
    auto piece = std::make_shared<Piece>(engine_, terms);
    piece->set_code(code_);
    const std::size_t bytes = fill<Spread::one, Item>(*piece, items) + piece->size();
    engine_->submit(piece);
    pieces_.add(std::move(piece), bytes);
  }

  std::shared_ptr<PoolEngine> engine_;
  OrderTerms terms_;
  std::shared_ptr<const SharedCode> code_;
  ImapInput<Item, Range> input_;
  Pieces pieces_;
};

}  // namespace multiprocess::detail
