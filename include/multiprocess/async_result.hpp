// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_state.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/type_facts.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/timeout.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

namespace detail {
struct AsyncResultAccess;
[[noreturn]] void throw_not_ready();
[[noreturn]] void throw_result_taken();
std::string async_result_repr(const void* state, bool ready, bool failed);
}  // namespace detail

/// What a call of a pool will have brought, once it is done.
///
/// A copyable handle: copies mean the same call. Only the process that made the pool can use it;
/// any thread of it may. It stays usable when the pool is gone: what was not done by then is
/// Cancelled.
template <class R>
class AsyncResult {
 public:
  using stays_in_its_process = void;

  AsyncResult() = default;

  /// The result, as soon as it is there. Throws what the task threw, each time; TimeoutError when
  /// it is not there in time; WorkerDied, TaskTimeout, Cancelled, BrokenProcessPool when it never
  /// will be. What cannot be copied is moved out by the first call, and the next one is a
  /// ValueError.
  R get(Timeout timeout = forever) const {
    if (!state().wait(timeout.deadline())) {
      throw TimeoutError();
    }
    state().throw_error();
    if constexpr (!std::is_void_v<R>) {
      if (!state().has_value()) {
        detail::throw_result_taken();
      }
      if constexpr (detail::can_copy<R>) {
        return state().value();
      } else {
        return state().take();
      }
    }
  }

  /// Waits until it is there, or failed. Unlike in Python the result tells whether it is.
  bool wait(Timeout timeout = forever) const { return state().wait(timeout.deadline()); }
  bool ready() const { return state().ready(); }
  /// Throws ValueError when it is not ready.
  bool successful() const {
    if (!ready()) {
      detail::throw_not_ready();
    }
    return state().error() == nullptr;
  }

  /// Gives up the work: what is queued is not begun, what is running is ended, with its worker when
  /// it does not stop by itself. False when it was ready already; else `get` throws Cancelled.
  bool cancel() const { return state().cancel(); }

  /// A descriptor that is readable when it is ready, for event loops. It belongs to the result.
  int fileno() const { return state().fileno(); }

  /// `call(R)` is made once the result is there, by a thread that has noticed: before `get`, `wait`
  /// and the pool's `join` return. Those of a pool are made one at a time, in the order in which
  /// the results came, so they may write to the same things without a lock; one must not wait for
  /// long. When the result is ready already it is made here and now, or, when another thread is
  /// making some, by that one, before `join` returns: what it refers to has to live so long. What
  /// it throws goes to the pool's `on_callback_error`.
  template <class F>
  const AsyncResult& on_result(F call) const {
    state().call_back([state = state_.get(), call = std::move(call)]() mutable {
      if (state->error() == nullptr) {
        if constexpr (std::is_void_v<R>) {
          std::invoke(call);
        } else {
          std::invoke(call, state->value());
        }
      }
    });
    return *this;
  }

  /// `call(std::exception_ptr)` is made when it has failed; else as `on_result`.
  template <class F>
  const AsyncResult& on_error(F call) const {
    state().call_back([state = state_.get(), call = std::move(call)]() mutable {
      if (state->error() != nullptr) {
        std::invoke(call, state->error());
      }
    });
    return *this;
  }

  friend bool operator==(const AsyncResult&, const AsyncResult&) = default;
  friend std::string mp_repr(const AsyncResult& result) {
    const bool ready = result.state_ != nullptr && result.ready();
    return detail::async_result_repr(result.state_.get(), ready,
                                     ready && result.state_->error() != nullptr);
  }

 private:
  friend struct detail::AsyncResultAccess;
  explicit AsyncResult(std::shared_ptr<detail::ValueState<R>> state) : state_(std::move(state)) {}

  detail::ValueState<R>& state() const {
    if (state_ == nullptr) {
      throw ValueError("this AsyncResult belongs to no call");
    }
    return *state_;
  }

  std::shared_ptr<detail::ValueState<R>> state_;
};

namespace detail {

struct AsyncResultAccess {
  template <class R>
  static AsyncResult<R> make(std::shared_ptr<ValueState<R>> state) {
    return AsyncResult<R>(std::move(state));
  }
  template <class R>
  static ValueState<R>& state(const AsyncResult<R>& result) {
    return result.state();
  }
};

/// Which of several calls have been settled, in that order.
class Settled {
 public:
  void add(std::size_t index);
  bool any() const;
  /// Waits for it.
  std::size_t next();

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::size_t> ready_;
};

}  // namespace detail

/// The results as they become ready, one after the other: `for (auto& r : as_completed(results))`.
///
/// Going on to the next one waits for it. A single pass.
template <class R>
class AsCompleted {
 public:
  explicit AsCompleted(std::vector<AsyncResult<R>> results)
      : results_(std::move(results)), settled_(std::make_shared<detail::Settled>()) {
    for (std::size_t i = 0; i < results_.size(); ++i) {
      detail::AsyncResultAccess::state(results_[i]).when_settled([settled = settled_, i] {
        settled->add(i);
      });
    }
  }

  class Iterator {
   public:
    using value_type = AsyncResult<R>;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(AsCompleted& all) : all_(&all) { ++*this; }

    AsyncResult<R>& operator*() const { return all_->results_[current_]; }
    Iterator& operator++() {
      if (all_->given_ == all_->results_.size()) {
        all_ = nullptr;
      } else {
        ++all_->given_;
        current_ = all_->next();
        all_->results_[current_].wait();  // for other calls that are made when it is there
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.all_ == nullptr;
    }

   private:
    AsCompleted* all_ = nullptr;
    std::size_t current_ = 0;
  };

  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend std::string mp_repr(const AsCompleted& results) {
    return detail::object_repr("pool.AsCompleted", &results);
  }

 private:
  std::size_t next() {
    while (!settled_->any() && look_at_all()) {
    }
    return settled_->next();
  }
  /// Where the calls may be left to this thread, as within a callback, which waits a little then.
  /// False when others see to them.
  bool look_at_all() const {
    const AsyncResult<R>* pending = nullptr;
    for (const AsyncResult<R>& result : results_) {
      if (detail::AsyncResultAccess::state(result).is_left_to_this_thread() && !result.ready()) {
        pending = &result;
      }
    }
    if (pending != nullptr) {
      pending->wait(std::chrono::milliseconds(1));
    }
    return pending != nullptr;
  }

  std::vector<AsyncResult<R>> results_;
  std::shared_ptr<detail::Settled> settled_;
  std::size_t given_ = 0;
};

template <std::ranges::input_range Results>
auto as_completed(Results&& results) {
  using Result = std::ranges::range_value_t<Results>;
  std::vector<Result> all;
  for (auto&& result : results) {
    all.push_back(result);
  }
  return AsCompleted(std::move(all));
}

template <class R>
auto as_completed(std::initializer_list<AsyncResult<R>> results) {
  return AsCompleted(std::vector<AsyncResult<R>>(results));
}

}  // namespace multiprocess
