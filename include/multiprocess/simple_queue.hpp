// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/queue_handle.hpp>
#include <multiprocess/detail/queue_item.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/serialization.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <utility>

namespace multiprocess {

/// A first-in, first-out queue with the fewest operations; for any number of putters and getters.
///
/// A copyable handle, with what Queue promises about copies, threads and killed processes. Unlike
/// in Python `put` never waits: there is no pipe that could be full.
template <class T = Object>
class SimpleQueue {
 public:
  using shared_handle = void;
  using value_type = T;

  /// Throws std::bad_alloc when shared memory is short.
  SimpleQueue() : ref_(detail::QueueItem<T>::create(detail::unlimited)) {
    detail::require_sendable<T>();
  }

  /// Adds an item. Throws std::system_error after close() in this process, NotSendable or the
  /// item's own exceptions when it cannot be encoded, std::bad_alloc when shared memory is short.
  void put(const T& item) const { detail::QueueItem<T>::put(items(), item, detail::os::never); }

  /// Takes the oldest item out; waits until there is one. Throws std::system_error after close() in
  /// this process.
  T get() const {
    detail::Outcome outcome{};
    return *detail::QueueItem<T>::get(items(), detail::os::never, outcome);
  }

  /// With items of any type: takes one that is a U. Throws TypeError when it is not; it is taken
  /// all the same.
  template <class U>
  requires std::same_as<T, Object> U get()
  const { return get().template as<U>(); }

  /// Whether no item waits in it at this moment. Throws std::system_error after close().
  bool empty() const { return items().size() == 0; }

  /// This process will not use the queue any more: put, get and empty throw in it.
  void close() const { detail::close_queue(ref_); }

  friend bool operator==(const SimpleQueue&, const SimpleQueue&) = default;
  friend std::string mp_repr(const SimpleQueue& queue) {
    return detail::queue_repr("SimpleQueue", queue.ref_);
  }

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received) {
    detail::require_queue_of(received, detail::type_tag<T>, detail::type_name<T>());
  }

 private:
  detail::ItemQueue items() const {
    detail::require_handle_open(ref_);
    return detail::ItemQueue(ref_);
  }

  detail::SharedRef ref_;
};

}  // namespace multiprocess
