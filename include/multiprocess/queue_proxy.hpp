// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/call_timeout.hpp>
#include <multiprocess/detail/queue_handle.hpp>
#include <multiprocess/detail/require_sendable.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/serialization.hpp>
#include <multiprocess/timeout.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace multiprocess {

/// A queue in a manager's server: `manager.Queue<int>(n)` and `manager.JoinableQueue<int>(n)` make
/// one, and either knows which of its items are done, as in Python.
///
/// It has the methods of Queue and JoinableQueue, and their errors. Proxies of other objects may be
/// items of it.
template <class T = Object>
class QueueProxy : public BaseProxy {
  using Method = detail::QueueMethod;

 public:
  static constexpr std::array<std::string_view, 2> type_ids{"Queue", "JoinableQueue"};
  using value_type = T;

  explicit QueueProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {
    detail::require_sendable<T>();
  }

  /// Adds an item. Waits while the queue is full, at most `timeout`, and not at all when `block` is
  /// false: then throws Full. Throws ShutDown after shutdown().
  void put(const T& item, Block block = true, Timeout timeout = forever) const {
    put(item, effective_timeout(block, timeout));
  }
  void put(const T& item, Timeout timeout) const {
    if (!try_put(item, timeout)) {
      detail::throw_full();
    }
  }
  void put_nowait(const T& item) const { put(item, false); }

  /// False when the queue stayed full; otherwise as put().
  bool try_put(const T& item, Timeout timeout = std::chrono::seconds::zero()) const {
    detail::ProxyCall call = this->call(Method::put);
    detail::put_timeout(call, timeout);
    call.put_value(item);
    return call.send().get_bool();
  }

  /// Takes the oldest item out. Waits until there is one, at most `timeout`, and not at all when
  /// `block` is false: then throws Empty. Throws ShutDown when the queue was shut down and nothing
  /// is left.
  T get(Block block = true, Timeout timeout = forever) const {
    return get(effective_timeout(block, timeout));
  }
  T get(Timeout timeout) const {
    std::optional<T> item = try_get(timeout);
    if (!item) {
      detail::throw_empty();
    }
    return *std::move(item);
  }
  T get_nowait() const { return get(false); }

  /// Nothing when the queue stayed empty; otherwise as get().
  std::optional<T> try_get(Timeout timeout = std::chrono::seconds::zero()) const {
    detail::ProxyCall call = this->call(Method::get);
    detail::put_timeout(call, timeout);
    detail::Answer answer = call.send();
    return answer.get_bool() ? std::optional<T>(answer.template get_value<T>()) : std::nullopt;
  }

  /// With items of any type: takes one that is a U. Throws TypeError when it is not; it is taken
  /// all the same.
  template <class U>
  requires std::same_as<T, Object> U get(Block block = true, Timeout timeout = forever)
  const { return get(block, timeout).template as<U>(); }
  template <class U>
  requires std::same_as<T, Object> U get(Timeout timeout)
  const { return get(timeout).template as<U>(); }
  template <class U>
  requires std::same_as<T, Object> U get_nowait()
  const { return get_nowait().template as<U>(); }
  template <class U>
  requires std::same_as<T, Object> std::optional<U> try_get(
      Timeout timeout = std::chrono::seconds::zero())
  const {
    const std::optional<T> item = try_get(timeout);
    return item ? std::optional<U>(item->template as<U>()) : std::nullopt;
  }

  /// Items that wait in it, at this moment.
  std::ptrdiff_t qsize() const {
    return static_cast<std::ptrdiff_t>(call(Method::size).send().get());
  }
  bool empty() const { return qsize() == 0; }
  bool full() const { return call(Method::full).send().get_bool(); }

  /// One more of the items that were taken is done. Throws ValueError when it was called more often
  /// than items were taken.
  void task_done() const { call(Method::task_done).send(); }

  /// True when every item that was put is done; waits for that at most `timeout`.
  bool join(Timeout timeout = forever) const {
    detail::ProxyCall call = this->call(Method::join);
    detail::put_timeout(call, timeout);
    return call.send().get_bool();
  }

  /// How many items were in the hands of processes when they ended: they count as done. A
  /// `task_done` that comes for one of them all the same takes it off again.
  std::ptrdiff_t lost() const {
    return static_cast<std::ptrdiff_t>(call(Method::lost).send().get());
  }

  /// Ends the queue for all: puts throw ShutDown, getters take what is left and then get ShutDown.
  /// With `immediate` what is left is dropped, and counts as done.
  void shutdown(bool immediate = false) const {
    detail::ProxyCall call = this->call(Method::shutdown);
    call.put(immediate ? 1 : 0);
    call.send();
  }

  /// Takes items until the queue is shut down and empty: `for (auto item : queue)`.
  class Iterator;
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend std::string mp_repr(const QueueProxy& proxy) {
    return std::string(proxy.call(Method::show).send().get_text());
  }
  static void require_kind(const detail::SharedRef& received) { require_any<QueueProxy>(received); }
};

template <class T>
class QueueProxy<T>::Iterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(QueueProxy queue) : queue_(std::move(queue)) { ++*this; }

  T& operator*() const { return *item_; }
  Iterator& operator++() {
    item_.reset();  // what it holds must not live on while we wait for the next
    try {
      item_ = queue_.try_get(forever);
    } catch (const ShutDown&) {
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return !it.item_; }

 private:
  QueueProxy queue_;
  mutable std::optional<T> item_;
};

}  // namespace multiprocess
