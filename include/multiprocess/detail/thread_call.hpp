// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_state.hpp>
#include <multiprocess/detail/pool_call.hpp>
#include <multiprocess/detail/result_range.hpp>
#include <multiprocess/detail/target.hpp>
#include <multiprocess/detail/task.hpp>
#include <multiprocess/detail/thread_chunk.hpp>
#include <multiprocess/detail/thread_engine.hpp>
#include <multiprocess/detail/thread_items.hpp>
#include <multiprocess/detail/thread_order.hpp>
#include <multiprocess/detail/type_name.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// A call of a thread pool: the order, and what its AsyncResult waits for.
template <class R>
class ThreadCall : public ValueState<R>, public ThreadOrder {
 public:
  using ThreadOrder::ThreadOrder;

 protected:
  void on_complete() noexcept override {
    release();
    this->settle([this] {
      if (const std::exception_ptr why = this->ThreadOrder::error(); why != nullptr) {
        std::rethrow_exception(why);
      }
      give();
    });
  }
  void fail(const std::exception_ptr& why) noexcept override {
    this->settle([&] { std::rethrow_exception(why); });
  }
  bool is_left_to_this_thread() noexcept override {
    return engine().is_here() || ValueState<R>::is_left_to_this_thread();
  }

  void require_at_home() const override { engine().require_at_home(); }
  void look() override {
    engine().require_at_home();
    if (is_told_last_here()) {
      on_complete();
    }
  }
  CallbackTurns* turns() noexcept override { return engine().callback_turns(); }
  void sleep(os::Deadline deadline) override {
    const auto settled = [this] { return this->is_settled_or_due(); };
    if (!settled() && !engine().help(self())) {
      sleepers_.wait(deadline, settled);
    }
  }
  void wake() noexcept override { sleepers_.wake(); }
  void attend() override {}
  void abandon() noexcept override { withdraw(this->CallState::error()); }
  void report(std::exception_ptr error) noexcept override { engine().report(error); }

  /// Its callable and its arguments go, before anybody hears that it is done.
  virtual void release() noexcept = 0;
  /// Sets the value.
  virtual void give() = 0;

 private:
  std::shared_ptr<ThreadOrder> self() {
    return std::shared_ptr<ThreadOrder>(this->shared_from_this(), this);
  }

  Sleepers sleepers_;
};

/// The terms that follow from the types.
template <class F, class Arguments>
OrderTerms thread_terms(OrderTerms terms) {
  terms.task = type_name<F>();
  if constexpr (TaskCall<F, Arguments>::with_token) {
    terms.flags |= Batch::takes_token;
  }
  return terms;
}

/// As what a callable is called that several threads share: const if it can be, else each has a
/// copy.
template <class F, class Arguments>
using shared_callee_t = std::conditional_t<TaskCall<const F, Arguments>::possible &&
                                               TaskCall<const F, Arguments>::with_token ==
                                                   TaskCall<F, Arguments>::with_token,
                                           const F, F>;

/// Calls it with a token if it takes one. R as task_result_t has it; nothing for void.
template <class R, bool with_token, class F, class... Args>
yielded_t<R> call_task(F& f, const ThreadChunk& chunk, Args&... arguments) {
  const auto call = [&](auto&... all) -> yielded_t<R> {
    if constexpr (std::is_void_v<R>) {
      detail::call_with_kept(f, all...);
      return {};
    } else {
      return R(detail::store(detail::call_with_kept(f, all...)));
    }
  };
  if constexpr (with_token) {
    std::stop_token token = chunk.stop_token();
    return call(token, arguments...);
  } else {
    return call(arguments...);
  }
}

/// The same with an item, which stands for one argument or is a tuple of all of them.
template <class R, bool with_token, Spread spread, class F, class Item>
yielded_t<R> call_item(F& f, const ThreadChunk& chunk, Item& item) {
  if constexpr (spread == Spread::one) {
    return call_task<R, with_token>(f, chunk, item);
  } else {
    return std::apply([&](auto&... each) { return call_task<R, with_token>(f, chunk, each...); },
                      item);
  }
}

/// Does the items of a chunk: `task` one that is in hand.
template <class Task>
void do_items(ThreadChunk& chunk, Task task) {
  while (true) {
    try {
      while (chunk.begin()) {
        task(chunk.item());
      }
      return;
    } catch (...) {
      chunk.fail(std::current_exception());
    }
  }
}

/// `use` gets the callable as a thread may call it.
template <class Callee, class F, class Use>
void with_callee(F& f, Use use) {
  if constexpr (std::is_const_v<Callee>) {
    use(std::as_const(f));
  } else {
    static_assert(std::copy_constructible<F>,
                  "multiprocess: each thread needs a copy of a callable that is not const when it "
                  "is called (a mutable lambda), and this one cannot be copied");
    F copy(std::as_const(f));
    use(copy);
  }
}

/// One call: apply.
template <class F, class Arguments>
class ThreadSingle final : public ThreadCall<task_result_t<F, Arguments>> {
 public:
  using R = task_result_t<F, Arguments>;

  template <class G>
  ThreadSingle(std::shared_ptr<ThreadEngine> engine, const OrderTerms& terms, G&& f,
               Arguments arguments)
      : ThreadCall<R>(std::move(engine), thread_terms<F, Arguments>(terms)),
        work_(std::in_place, std::forward<G>(f), std::move(arguments)) {}

 protected:
  void run(ThreadChunk& chunk) override {
    constexpr bool with_token = TaskCall<F, Arguments>::with_token;
    do_items(chunk, [&](std::uint64_t) {
      auto result = std::apply(
          [&](auto&... each) { return call_task<R, with_token>(work_->f, chunk, each...); },
          work_->arguments);
      if (chunk.end()) {
        result_.emplace(std::move(result));
      }
    });
  }
  void release() noexcept override {
    if (this->terms().time_limit.count() == 0) {  // else a thread may be at it yet
      work_.reset();
    }
  }
  void give() override { this->value_.emplace(std::move(*result_)); }

 private:
  struct Work {
    F f;
    Arguments arguments;
    template <class G>
    Work(G&& callable, Arguments given)
        : f(std::forward<G>(callable)), arguments(std::move(given)) {}
  };

  std::optional<Work> work_;
  std::optional<yielded_t<R>> result_;
};

/// One call for each item: map.
template <class R, class F, Spread spread, class Item, class Items>
class ThreadMany final : public ThreadCall<many_t<R>> {
 public:
  using Arguments = typename SpreadItem<spread, Item>::type;

  template <class G>
  ThreadMany(std::shared_ptr<ThreadEngine> engine, const OrderTerms& terms, G&& f, Items items)
      : ThreadCall<many_t<R>>(std::move(engine), thread_terms<F, Arguments>(terms)),
        f_(std::in_place, std::forward<G>(f)),
        items_(std::in_place, std::move(items)),
        results_(terms.items) {}

 protected:
  void run(ThreadChunk& chunk) override {
    constexpr bool with_token = TaskCall<F, Arguments>::with_token;
    with_callee<shared_callee_t<F, Arguments>>(*f_, [&](auto& f) {
      do_items(chunk, [&](std::uint64_t i) {
        items_->with(i, [&](auto& item) {
          auto result = call_item<R, with_token, spread>(f, chunk, item);
          if (chunk.end()) {
            results_.put(i, std::move(result));
          }
        });
      });
    });
  }
  void release() noexcept override {
    if (this->terms().time_limit.count() == 0) {  // else a thread may be at it yet
      f_.reset();
      items_.reset();
    }
  }
  void give() override {
    if constexpr (std::is_void_v<R>) {
      this->value_.emplace();
    } else {
      this->value_.emplace(results_.take());
    }
  }

 private:
  std::optional<F> f_;
  std::optional<Items> items_;
  ThreadResults<R> results_;
};

/// A map that is not submitted yet.
template <class R, Spread spread, class Item, class F, Caller caller, class G, class Range>
std::shared_ptr<ThreadCall<many_t<R>>> make_thread_map(const std::shared_ptr<ThreadEngine>& engine,
                                                       CallTerms<caller> terms, G&& f,
                                                       Range&& range) {
  terms.flags |= Batch::stops_at_error;
  const auto make = [&](auto items) -> std::shared_ptr<ThreadCall<many_t<R>>> {
    return std::make_shared<ThreadMany<R, F, spread, Item, decltype(items)>>(
        engine, terms, std::forward<G>(f), std::move(items));
  };
  if constexpr (caller == Caller::waits && can_lend<Item, Range>) {
    if (terms.time_limit.count() == 0) {
      return make(lend_items(std::forward<Range>(range)));
    }
    if constexpr (!can_keep<Item, Range>) {
      throw_must_be_given();
    } else {
      return make(keep_items<Item>(std::forward<Range>(range)));
    }
  } else {
    return make(keep_items<Item>(std::forward<Range>(range)));
  }
}

}  // namespace multiprocess::detail
