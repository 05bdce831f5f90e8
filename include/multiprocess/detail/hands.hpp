// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/entries.hpp>
#include <multiprocess/detail/item_queue.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

using HandBlock = EntryBlock<Hand, 7>;

/// What a joinable queue has beside its items. Changed under its lock, but for what a process
/// changes in its own hand.
struct HandsState {
  alignas(64) OwnedLock lock;
  std::atomic<std::uint64_t> finished;  // of hands that were emptied since, and discarded items;
                                        // changed under the getters' lock too
  std::atomic<std::uint64_t> lost;      // of them in the hands of processes that ended
  alignas(64) Signal joiners;
  std::atomic<std::uint64_t> zeros;  // how often somebody slept until nothing was left, and it was
  HandBlock first;
};

/// Which items of a joinable queue are done. An item is unfinished from its put until the process
/// that has taken it says so, or ends: the queue's tail counts the puts, each process's hand what
/// it has taken and done, and the hands of processes that have ended are emptied into a sum.
class Hands {
 public:
  static constexpr std::uint64_t tag = owner::tag_mask - 1;

  /// A queue that is joinable, from a function that makes one and lets it have its hands.
  static SharedRef create(SharedRef (*make)(std::uint64_t capacity, Offset hands),
                          std::uint64_t capacity);

  /// Throws TypeError when the queue is not joinable.
  explicit Hands(const ItemQueue& queue)
      : queue_(queue), state_(*at<HandsState>(joinable(queue.state_.hands))) {}

  /// One more item is done: of this process's, else of another's. False when nobody has one.
  bool task_done() const {
    Hand* const hand = queue_.known_hand();
    if (hand == nullptr || !count_done(*hand)) [[unlikely]] {
      return another_is_done();
    }
    if (state_.joiners.sleepers.load(std::memory_order_seq_cst) != 0) [[unlikely]] {
      tell_joiners();
    }
    return true;
  }

  /// True when there was a moment at which nothing was unfinished; waits for it.
  bool join(os::Deadline deadline) const;

  /// Items in the hands of processes when they ended that nobody has called done.
  std::uint64_t lost() const;

  /// Wakes the joiners when nothing is unfinished.
  void tell_joiners() const noexcept;

  /// This process's hand; it has one from now on. std::bad_alloc when memory is short.
  Hand& own() const;

  /// Frees what belongs to a queue that ends.
  static void destroy(const QueueState& queue) noexcept;

 private:
  class Locked;

  static Offset joinable(Offset hands) {
    if (hands == 0) [[unlikely]] {
      throw_not_joinable();
    }
    return hands;
  }
  [[noreturn]] static void throw_not_joinable();

  static bool count_done(Hand& hand) noexcept {
    std::uint64_t dones = hand.dones.load(std::memory_order_relaxed);
    while (dones != hand.gets.load(std::memory_order_acquire)) {
      if (step::cas(hand.dones, dones, dones + 1)) [[likely]] {
        return true;
      }
    }
    return false;
  }

  bool another_is_done() const;
  bool count_elsewhere() const;
  bool may_have_something_left() const noexcept;
  bool has_nothing_left(os::Deadline deadline) const noexcept;
  std::uint64_t unfinished() const noexcept;
  void empty_hands_of_the_dead() const noexcept;
  void empty(Hand& hand) const noexcept;
  void add_block() const;

  ItemQueue queue_;
  HandsState& state_;
};

}  // namespace multiprocess::detail
