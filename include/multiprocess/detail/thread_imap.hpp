// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/imap_input.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/detail/thread_call.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace multiprocess::detail {

/// What the threads that work for an imap share with the one that takes the results.
class ImapBell {
 public:
  /// There is something to look at.
  void ring() noexcept {
    if (waiting_.load(std::memory_order_seq_cst)) {
      sleepers_.wake();
    }
  }
  /// Nothing more comes, for this reason.
  void fail(const std::exception_ptr& why) noexcept;
  std::exception_ptr failure() const;
  bool failed() const noexcept { return failed_.load(std::memory_order_seq_cst); }

  /// False when the deadline comes first.
  template <class Ready>
  bool wait(os::Deadline deadline, Ready ready) {
    waiting_.store(true, std::memory_order_seq_cst);
    const bool is_ready = sleepers_.wait(deadline, ready);
    waiting_.store(false, std::memory_order_relaxed);
    return is_ready;
  }

 private:
  std::atomic<bool> waiting_{false};
  std::atomic<bool> failed_{false};
  Sleepers sleepers_;
  mutable std::mutex mutex_;
  std::exception_ptr failure_;
};

/// A few items of an imap, which were read together, and the results of those that are done.
template <class T>
class ThreadPiece : public ThreadOrder {
 public:
  ThreadPiece(std::shared_ptr<ThreadEngine> engine, const OrderTerms& terms, std::uint64_t number,
              std::uint64_t first, bool ordered, std::shared_ptr<ImapBell> bell)
      : ThreadOrder(std::move(engine), terms, number),
        first_(first),
        ordered_(ordered),
        bell_(std::move(bell)),
        results_(terms.items),
        come_(terms.items) {}

  std::uint64_t item_number(std::uint64_t item) const noexcept override { return first_ + item; }

  // For the one who takes.

  /// The next one is there.
  bool is_there() const noexcept {
    return taken_ != come_.size() && come_[taken_].load(std::memory_order_seq_cst) != 0;
  }
  bool all_taken() const noexcept { return taken_ == come_.size(); }
  /// Throws what became of it.
  T take() {
    auto& result = results_[come_[taken_++].load(std::memory_order_relaxed) - 1];
    if (const auto* const error = std::get_if<error_at>(&result)) {
      throw_to_waiter(*error);
    }
    return std::get<value_at>(std::move(result));
  }

 protected:
  void put(std::uint64_t item, T&& result) {
    results_[item].template emplace<value_at>(std::move(result));
    tell(item);
  }
  void put_error(std::uint64_t item, std::exception_ptr error) noexcept override {
    results_[item].template emplace<error_at>(std::move(error));
    tell(item);
  }
  void on_complete() noexcept override { bell_->ring(); }
  void fail(const std::exception_ptr& why) noexcept override { bell_->fail(why); }

 private:
  // By place, since T may be any type.
  using Result = std::variant<std::monostate, std::exception_ptr, T>;
  static constexpr std::size_t error_at = 1;
  static constexpr std::size_t value_at = 2;

  void tell(std::uint64_t item) noexcept {
    const std::uint64_t place = ordered_ ? item : next_place_.fetch_add(1);
    come_[place].store(item + 1, std::memory_order_seq_cst);
    bell_->ring();
  }

  std::uint64_t first_;
  bool ordered_;
  std::shared_ptr<ImapBell> bell_;
  std::vector<Result> results_;
  std::vector<std::atomic<std::uint64_t>> come_;  // 1 + item, in the order in which they are taken
  std::atomic<std::uint64_t> next_place_{0};
  std::size_t taken_ = 0;
};

/// Its callable and its items.
template <class F, class Item>
class ThreadPieceWork final : public ThreadPiece<yielded_t<task_result_t<F, std::tuple<Item>>>> {
 public:
  using R = task_result_t<F, std::tuple<Item>>;

  template <class... Args>
  ThreadPieceWork(std::shared_ptr<F> f, std::vector<Item> items, Args&&... args)
      : ThreadPiece<yielded_t<R>>(std::forward<Args>(args)...),
        f_(std::move(f)),
        items_(keep_items<Item>(std::move(items))) {}

 protected:
  void run(ThreadChunk& chunk) override {
    using Arguments = std::tuple<Item>;
    constexpr bool with_token = TaskCall<F, Arguments>::with_token;
    with_callee<shared_callee_t<F, Arguments>>(*f_, [&](auto& f) {
      do_items(chunk, [&](std::uint64_t i) {
        items_.with(i, [&](auto& item) {
          auto result = call_task<R, with_token>(f, chunk, item);
          if (chunk.end()) {
            this->put(i, std::move(result));
          }
        });
      });
    });
  }

 private:
  std::shared_ptr<F> f_;
  decltype(keep_items<Item>(std::declval<std::vector<Item>>())) items_;
};

/// The pieces of an imap whose results are not all taken.
template <class T>
class ThreadPieces {
 public:
  using Piece = ThreadPiece<T>;

  ThreadPieces(std::shared_ptr<ThreadEngine> engine, bool ordered)
      : engine_(std::move(engine)), ordered_(ordered), bell_(std::make_shared<ImapBell>()) {
    engine_->queue().add_source();
  }
  /// What a task refers to may go with this: none is running then.
  ~ThreadPieces() {
    end();
    for (const auto& piece : pieces_) {
      piece->withdraw(std::make_exception_ptr(Cancelled()));
    }
    for (const auto& piece : pieces_) {
      bell_->wait(os::never, [&] { return piece->complete(); });
    }
  }
  ThreadPieces(const ThreadPieces&) = delete;
  ThreadPieces& operator=(const ThreadPieces&) = delete;

  const std::shared_ptr<ThreadEngine>& engine() const noexcept { return engine_; }
  const std::shared_ptr<ImapBell>& bell() const noexcept { return bell_; }
  bool ordered() const noexcept { return ordered_; }

  void submit(std::shared_ptr<Piece> piece) {
    pieces_.push_back(piece);
    engine_->submit_more(piece);
  }
  /// The input is at its end.
  void end() noexcept {
    if (!std::exchange(ended_, true)) {
      engine_->queue().remove_source();
    }
  }

  /// One whose next result is there; null when there is none.
  Piece* find() {
    std::erase_if(pieces_,
                  [](const auto& piece) { return piece->all_taken() && piece->complete(); });
    return look();
  }

  /// Waits until there is one, or it failed. False when the deadline comes first.
  bool wait(os::Deadline deadline) {
    const auto help = [this](const auto& piece) { return engine_->help(piece); };
    return std::any_of(pieces_.begin(), pieces_.end(), help) ||
           bell_->wait(deadline, [this] { return look() != nullptr || bell_->failed(); });
  }

 private:
  Piece* look() const noexcept {
    for (const auto& piece : pieces_) {
      if (piece->is_there()) {
        return piece.get();
      }
      if (ordered_ && !piece->all_taken()) {
        break;
      }
    }
    return nullptr;
  }

  std::shared_ptr<ThreadEngine> engine_;
  bool ordered_;
  std::shared_ptr<ImapBell> bell_;
  std::deque<std::shared_ptr<Piece>> pieces_;
  bool ended_ = false;
};

template <class F, class Item, class Range>
class ThreadImap final : public ResultSource<yielded_t<task_result_t<F, std::tuple<Item>>>> {
 public:
  using T = yielded_t<task_result_t<F, std::tuple<Item>>>;

  template <class G>
  ThreadImap(std::shared_ptr<ThreadEngine> engine, const OrderTerms& terms,
             const MapOptions& options, G&& f, Range&& range, bool ordered)
      : terms_(thread_terms<F, std::tuple<Item>>(terms)),
        number_(engine->next_number()),
        most_ahead_(ahead_limit(options, terms.chunk)),
        f_(std::make_shared<F>(std::forward<G>(f))),
        input_(std::forward<Range>(range), options),
        pieces_(std::move(engine), ordered) {
    if constexpr (std::ranges::forward_range<Range>) {
      read_ahead();  // work may begin
    }
  }

  std::optional<T> next(os::Deadline deadline) override {
    while (!over_) {
      read_ahead();
      if (auto* const piece = pieces_.find()) {
        --ahead_;
        input_.show_progress(++taken_, false);
        return piece->take();
      }
      throw_if_terminated();
      if (ahead_ == 0 && input_.ended()) {
        input_.show_progress(taken_, true);
        input_.throw_error();
        return std::nullopt;
      }
      if (room() == 0 || input_.ended()) {
        wait(deadline);
      }
    }
    return std::nullopt;
  }

 private:
  /// None while there is enough to do.
  std::size_t room() const noexcept { return ahead_ > most_ahead_ / 2 ? 0 : most_ahead_ - ahead_; }

  void read_ahead() {
    if (pieces_.bell()->failed()) {
      return;
    }
    std::vector<Item> items = input_.read(room(), terms_.chunk);
    if (!items.empty()) {
      OrderTerms terms = terms_;
      terms.items = items.size();
      pieces_.submit(std::make_shared<ThreadPieceWork<F, Item>>(
          f_, std::move(items), pieces_.engine(), terms, number_, read_, pieces_.ordered(),
          pieces_.bell()));
      read_ += terms.items;
      ahead_ += terms.items;
    }
    if (input_.ended()) {
      pieces_.end();
    }
  }

  void wait(os::Deadline deadline) {
    if (!pieces_.wait(deadline)) {
      throw TimeoutError();
    }
    if (pieces_.find() == nullptr) {
      throw_if_terminated();
    }
  }

  /// So much for what is left.
  void throw_if_terminated() {
    if (pieces_.bell()->failed()) {
      over_ = true;
      throw_to_waiter(pieces_.bell()->failure());
    }
  }

  OrderTerms terms_;
  std::uint64_t number_;
  std::size_t most_ahead_;
  std::shared_ptr<F> f_;
  ImapInput<Item, Range> input_;
  std::size_t ahead_ = 0;  // items that are read and not given out
  std::size_t taken_ = 0;
  std::uint64_t read_ = 0;
  bool over_ = false;
  ThreadPieces<T> pieces_;
};

}  // namespace multiprocess::detail
