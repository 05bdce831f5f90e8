// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/hands.hpp>
#include <multiprocess/queue.hpp>

#include <cstddef>
#include <string>

namespace multiprocess {

/// A Queue that knows which of its items are done: a getter says so with `task_done`, and `join`
/// waits until all are.
///
/// It is a Queue in every other respect, and can be passed as one. An item is in the hand of the
/// process that took it until that process, or any other on its behalf, calls `task_done`. What a
/// process has in hand when it ends, in whatever way, counts as done, so that nobody waits for the
/// dead; `lost` tells how many items that were. An item that `get` could not decode was taken, too.
template <class T = Object>
class JoinableQueue : public Queue<T> {
 public:
  /// Without a limit. Throws std::bad_alloc when shared memory is short.
  JoinableQueue() : JoinableQueue(0) {}

  /// At most `maxsize` items wait in it, as in a Queue.
  template <detail::Count Number>
  explicit JoinableQueue(Number maxsize)
      : Queue<T>(detail::Hands::create(&detail::QueueItem<T>::create,
                                       detail::queue_capacity(detail::count(maxsize)))) {}

  /// One more of the items that were taken is done. Throws ValueError when there is none: when it
  /// was called more often than items were taken.
  void task_done() const { detail::require_counted(hands().task_done()); }

  /// True when every item that was put is done; waits for that at most `timeout`. Items that are
  /// put later do not prolong the wait.
  bool join(Timeout timeout = forever) const { return hands().join(timeout.deadline()); }

  /// How many items were in the hands of processes when they ended. A `task_done` that comes for
  /// one of them all the same takes it off again.
  std::ptrdiff_t lost() const { return static_cast<std::ptrdiff_t>(hands().lost()); }

  friend std::string mp_repr(const JoinableQueue& queue) {
    return detail::queue_repr("JoinableQueue", queue.ref());
  }

  static void require_kind(const detail::SharedRef& received) {
    Queue<T>::require_kind(received);
    static_cast<void>(detail::Hands(detail::ItemQueue(received)));
  }

 private:
  detail::Hands hands() const { return detail::Hands(this->items()); }
};

}  // namespace multiprocess
