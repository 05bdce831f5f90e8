// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/queue_handle.hpp>
#include <multiprocess/detail/queue_item.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/serialization.hpp>
#include <multiprocess/timeout.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace multiprocess {

/// A first-in, first-out queue between the processes of the tree, for any number of putters and
/// getters.
///
/// A copyable handle: every copy, in whatever process, is the same queue; operations may be called
/// by several threads at once. `put` returns when the item is in shared memory: the caller may
/// change or drop what it put, or end. Unlike in Python there is no feeder thread and no pipe to
/// fill, so a process that has put may be joined before the queue is drained. An item whose `put`
/// has returned is never lost, doubled or torn when a process is killed, and nobody is blocked by
/// the dead; what a getter had taken when it was killed is gone with it.
template <class T = Object>
class Queue {
 public:
  using shared_handle = void;
  using value_type = T;

  /// Without a limit. Throws std::bad_alloc when shared memory is short.
  Queue() : Queue(0) {}

  /// At most `maxsize` items wait in it; no limit when that is 0 or less. Any integer type; throws
  /// ValueError for a number that no count can be.
  template <detail::Count Number>
  explicit Queue(Number maxsize)
      : Queue(detail::QueueItem<T>::create(detail::queue_capacity(detail::count(maxsize)))) {}

  /// Adds an item. Waits while the queue is full, at most `timeout`, and not at all when `block` is
  /// false: then throws Full. Throws ValueError after close() in this process, ShutDown after
  /// shutdown(), NotSendable or the item's own exceptions when it cannot be encoded, std::bad_alloc
  /// when shared memory is short.
  void put(const T& item, Block block = true, Timeout timeout = forever) const {
    put(item, effective_timeout(block, timeout));
  }
  void put(const T& item, Timeout timeout) const {
    detail::require_put(put_outcome(item, timeout));
  }
  void put_nowait(const T& item) const { put(item, false); }

  /// False when the queue stayed full; otherwise as put().
  bool try_put(const T& item, Timeout timeout = std::chrono::seconds::zero()) const {
    return detail::was_done(put_outcome(item, timeout));
  }

  /// Takes the oldest item out. Waits until there is one, at most `timeout`, and not at all when
  /// `block` is false: then throws Empty. Throws ValueError after close() in this process, ShutDown
  /// when the queue was shut down and nothing is left.
  T get(Block block = true, Timeout timeout = forever) const {
    return get(effective_timeout(block, timeout));
  }
  T get(Timeout timeout) const {
    detail::Outcome outcome{};
    std::optional<T> item = get_outcome(timeout, outcome);
    detail::require_got(outcome);
    return std::move(*item);
  }
  T get_nowait() const { return get(false); }

  /// Nothing when the queue stayed empty; otherwise as get().
  std::optional<T> try_get(Timeout timeout = std::chrono::seconds::zero()) const {
    detail::Outcome outcome{};
    std::optional<T> item = get_outcome(timeout, outcome);
    detail::was_done(outcome);
    return item;
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
  std::ptrdiff_t qsize() const { return static_cast<std::ptrdiff_t>(items().size()); }
  bool empty() const { return items().size() == 0; }
  bool full() const { return items().size() >= items().capacity(); }

  /// This process will not use the queue any more: later calls through any of its handles in this
  /// process throw ValueError. Other processes go on; to end the queue for all, `shutdown`.
  void close() const { detail::close_queue(ref_); }

  /// Nothing to wait for: what was put is there. Throws AssertionError before close(), as in
  /// Python.
  void join_thread() const { detail::require_closed(ref_); }
  void cancel_join_thread() const {}

  /// Ends the queue for all processes: puts throw ShutDown, getters take what is left and then get
  /// ShutDown, and range-for over the queue ends. With `immediate` what is left is dropped.
  void shutdown(bool immediate = false) const { items().end(immediate); }

  /// Takes items until the queue is shut down and empty: `for (auto item : queue)`.
  class Iterator;
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  friend bool operator==(const Queue&, const Queue&) = default;
  friend std::string mp_repr(const Queue& queue) { return detail::queue_repr("Queue", queue.ref_); }

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received) {
    detail::require_queue_of(received, detail::type_tag<T>, detail::type_name<T>());
  }

 protected:
  explicit Queue(detail::SharedRef ref) : ref_(std::move(ref)) { detail::require_sendable<T>(); }

  const detail::SharedRef& ref() const noexcept { return ref_; }
  detail::ItemQueue items() const noexcept { return detail::ItemQueue(ref_); }

 private:
  detail::Outcome put_outcome(const T& item, Timeout timeout) const {
    detail::require_open(ref_);
    return detail::QueueItem<T>::put(items(), item, timeout.deadline());
  }
  std::optional<T> get_outcome(Timeout timeout, detail::Outcome& outcome) const {
    detail::require_open(ref_);
    return detail::QueueItem<T>::get(items(), timeout.deadline(), outcome);
  }

  detail::SharedRef ref_;
};

template <class T>
class Queue<T>::Iterator {
 public:
  using value_type = T;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(Queue queue) : queue_(std::move(queue)) { ++*this; }

  T& operator*() const { return *item_; }
  Iterator& operator++() {
    item_.reset();  // what it holds must not live on while we wait for the next
    detail::Outcome outcome{};
    item_ = queue_.get_outcome(forever, outcome);
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return !it.item_; }

 private:
  Queue queue_;
  mutable std::optional<T> item_;
};

}  // namespace multiprocess
