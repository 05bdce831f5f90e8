// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bell.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/queue_state.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/word.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

enum class Outcome { done, time_up, ended };

/// What a getter does with the oldest item: it stays, is taken, or goes without being anybody's.
enum class Take { nothing, item, discard };

/// The queue behind a handle. An item is put by the store that sets its slot's sequence, and gone
/// with the store that moves `head`; what a process killed in between has left is finished or
/// undone by the next one that takes its lock.
class ItemQueue {
 public:
  /// Items of at most 56 bytes lie in slots of 16, 32 or 64 bytes. `hands` is for Hands.
  static SharedRef create(std::size_t item_size, std::uint64_t capacity, bool holds_blocks,
                          std::uint64_t item_type = 0, Offset hands = 0);

  explicit ItemQueue(const SharedRef& ref) noexcept
      : state_(*static_cast<QueueState*>(ref.address())), control_(ref.control()) {}

  /// With a bell that getters wait for instead of the signal.
  ItemQueue(QueueState& state, const Bell& bell) noexcept : state_(state), bell_(&bell) {}

  /// Puts one item: `fill(payload, position)` writes it into its slot. It is noexcept, short, and
  /// calls no code of the user: it runs under the putters' lock.
  template <class Fill>
  Outcome put(os::Deadline deadline, Fill fill) const {
    const Outcome outcome = lock_for_put(deadline);
    if (outcome != Outcome::done) {
      return outcome;
    }
    const std::uint64_t tail = state_.tail.load(std::memory_order_relaxed);
    Slot& slot = put_slot(tail);
    fill(slot.payload(), tail);
    step::store(slot.sequence, tail + 1);
    step::store(state_.tail, tail + 1);
    state_.put_lock.release();
    tell_getters();
    return Outcome::done;
  }

  /// For `most_bytes`, to be called from `fill`: the item has so many bytes. What it returns goes
  /// with the item to count_got, which is called from `keep`. So no miscount outlives the next
  /// item.
  std::uint64_t count_put(std::size_t bytes) const noexcept {
    const std::uint64_t sum = state_.bytes_put.load(std::memory_order_relaxed) + bytes;
    if (state_.most_bytes != 0) {
      step::store(state_.bytes_put, sum);
    }
    return sum;
  }
  void count_got(std::uint64_t sum) const noexcept {
    if (state_.most_bytes != 0) {
      step::store(state_.bytes_got, sum);
    }
  }

  /// With a bell: waits until get() would not, since an item is there or nobody who could put one.
  /// False at the deadline.
  bool wait_ready(os::Deadline deadline) const;

  /// Drops the items of a queue from which nobody gets any more.
  void discard_all() const {
    while (discard_oldest()) {
    }
  }

  std::uint64_t size() const noexcept;
  auto not_empty() const noexcept {
    return [this] { return size() != 0; };
  }

  /// Takes the oldest item: `take(payload)` copies it, `keep()` runs when it is ours. Both run
  /// under the getters' lock, as above. When `take` takes nothing or throws, the item stays. Who
  /// has discarded one tells the joiners afterwards.
  template <class Copy, class Keep>
  Outcome get(os::Deadline deadline, Copy take, Keep keep) const {
    std::atomic<std::uint64_t>* const taken = state_.hands == 0 ? nullptr : &own_hand().gets;
    Slot* slot = nullptr;
    const Outcome outcome = lock_for_get(deadline, slot);
    if (outcome != Outcome::done) {
      return outcome;
    }
    {
      Releaser releaser{*this};
      const Take what = take(slot->payload());
      if (what == Take::nothing) {
        return Outcome::time_up;
      }
      advance_head(what == Take::item ? taken : discarded());
      releaser.item_stays = false;
      keep();
    }
    if (bell_ != nullptr) {
      bell_->item_taken(not_empty());
    }
    if (state_.capacity != unlimited) {
      state_.room.wake(1);
    }
    return Outcome::done;
  }

  /// Also when the item's putter was killed before it had counted it.
  bool has_item() const noexcept { return size() != 0 || finish_put(); }
  std::uint64_t capacity() const noexcept { return state_.capacity; }
  std::uint64_t item_type() const noexcept { return state_.item_type; }

  /// An item was discarded: perhaps a joinable queue has nothing left to do.
  void tell_joiners() const noexcept;

  /// No more puts; getters take what is there, then Outcome::ended. `immediately`: what is there
  /// goes.
  void end(bool immediately) const;

  /// The owner word of a block that is the item at `position`.
  std::uint64_t item_owner(std::uint64_t position) const noexcept;

  /// Frees what a queue owns; see ObjectType.
  static void destroy(Offset object) noexcept;

  /// The first state of a queue in a zeroed block.
  static void init(QueueState& state, std::size_t item_size, std::size_t segment_size,
                   std::uint64_t capacity, bool holds_blocks) noexcept;

 private:
  friend class Hands;

  /// Whom an item woke that stays wakes the next one.
  struct Releaser {
    const ItemQueue& queue;
    bool item_stays = true;
    ~Releaser() {
      queue.state_.get_lock.release();
      if (item_stays) {
        queue.give_up_get();
      }
    }
  };

  /// The locks are held for moments: no reason to call a queue full or empty. Who finds one held
  /// waits for a little, whatever its deadline, should the holder be stopped.
  static Taken lock(OwnedLock& end, os::Deadline deadline) noexcept {
    const Taken taken = end.try_acquire();
    return taken != Taken::no ? taken : lock_patiently(end, deadline);
  }
  static Taken lock_patiently(OwnedLock& end, os::Deadline deadline) noexcept;

  Outcome lock_for_put(os::Deadline deadline) const {
    while (true) {
      if (const Taken taken = lock(state_.put_lock, deadline); taken != Taken::clean) [[unlikely]] {
        if (taken == Taken::no) {
          return give_up_put();
        }
        if (recover_put()) {
          tell_getters();
        }
      }
      const std::uint64_t tail = state_.tail.load(std::memory_order_relaxed);
      if (state_.ended.load(std::memory_order_relaxed) == 0 && has_room(tail)) [[likely]] {
        return Outcome::done;
      }
      state_.put_lock.release();
      if (const Outcome outcome = wait_for_room(deadline); outcome != Outcome::done) {
        return outcome;
      }
    }
  }

  Outcome lock_for_get(os::Deadline deadline, Slot*& slot) const {
    while (true) {
      if (const Taken taken = lock(state_.get_lock, deadline); taken != Taken::clean) [[unlikely]] {
        if (taken == Taken::no) {
          return give_up_get();
        }
        recover_get();
      }
      const std::uint64_t head = state_.head.load(std::memory_order_relaxed);
      slot = get_slot(head);
      if (slot != nullptr && slot->sequence.load(std::memory_order_acquire) == head + 1)
          [[likely]] {
        return Outcome::done;
      }
      state_.get_lock.release();
      if (const Outcome outcome = wait_for_item(deadline, slot, head); outcome != Outcome::done) {
        return outcome;
      }
    }
  }

  void tell_getters() const noexcept {
    if (bell_ == nullptr) {
      state_.items.wake(1);
    } else {
      bell_->ring(not_empty());
    }
  }

  bool has_room(std::uint64_t tail) const noexcept {
    return has_place(tail) && (state_.most_bytes == 0 || make_byte_room());
  }

  bool has_many_bytes() const noexcept {
    const std::uint64_t got = state_.bytes_got.load(std::memory_order_acquire);
    return static_cast<std::int64_t>(state_.bytes_put.load(std::memory_order_acquire) - got) >=
           static_cast<std::int64_t>(state_.most_bytes);
  }

  /// Under the putters' lock. An empty queue always takes one more, and forgets what the killed
  /// have left uncounted.
  bool make_byte_room() const noexcept {
    if (!has_many_bytes()) [[likely]] {
      return true;
    }
    if (size() != 0) {
      return false;
    }
    step::store(state_.bytes_put, state_.bytes_got.load(std::memory_order_acquire));
    return true;
  }

  bool has_place(std::uint64_t tail) const noexcept {
    if (state_.capacity == unlimited || tail - state_.head_seen < state_.capacity) [[likely]] {
      return true;
    }
    state_.head_seen = state_.head.load(std::memory_order_acquire);
    return tail - state_.head_seen < state_.capacity;
  }

  /// The slot of the next item. Releases the lock when memory is short.
  Slot& put_slot(std::uint64_t tail) const {
    if (const Offset offset = state_.tail_segment.load(std::memory_order_relaxed); offset != 0) {
      auto* const segment = at<Segment>(offset);
      if (tail - segment->base < state_.slots) [[likely]] {
        return segment->slot(tail, state_.slot_size);
      }
    }
    return add_segment(tail)->slot(tail, state_.slot_size);
  }

  /// Null when the segment is not there yet.
  Slot* get_slot(std::uint64_t head) const {
    if (const Offset offset = state_.head_segment.load(std::memory_order_acquire); offset != 0) {
      auto* const segment = at<Segment>(offset);
      if (head - segment->base < state_.slots) [[likely]] {
        return &segment->slot(head, state_.slot_size);
      }
      return next_segment(*segment, head);
    }
    return nullptr;
  }

  /// This process's, when this handle has met it before.
  Hand* known_hand() const {
    const Offset known = control_->hand.load(std::memory_order_relaxed);
    if (known == 0) {
      return nullptr;
    }
    Hand* const hand = at<Hand>(known);  // or the parent's, in a forked child
    return hand->ticket.load(std::memory_order_relaxed) == self().ticket.word() ? hand : nullptr;
  }
  Hand& own_hand() const {
    Hand* const hand = known_hand();
    return hand != nullptr ? *hand : find_hand();
  }

  /// One item fewer and, unless it is null, one more in `count`: both, with the store of the head.
  void advance_head(std::atomic<std::uint64_t>* count) const noexcept {
    const std::uint64_t head = state_.head.load(std::memory_order_relaxed) + 1;
    if (count == nullptr) [[likely]] {
      step::store(state_.head, head);
      return;
    }
    const std::uint64_t sum = count->load(std::memory_order_relaxed) + 1;
    step::store(state_.counted, sum);
    step::store(state_.counted_head, head);
    step::store(state_.counter, offset_of(count));
    step::store(state_.head, head);
    step::store(*count, sum);
    step::store(state_.counter, 0);
  }

  Hand& find_hand() const;
  /// In a joinable queue the count of discarded items, else null.
  std::atomic<std::uint64_t>* discarded() const noexcept;
  void recover_count() const noexcept;
  Offset make_segment() const;
  Segment* add_segment(std::uint64_t tail) const;
  void show_first_segment() const noexcept;
  Slot* next_segment(Segment& emptied, std::uint64_t head) const;
  bool recover_put() const noexcept;
  bool finish_put() const noexcept;
  void recover_get() const noexcept;
  Outcome wait_for_room(os::Deadline deadline) const;
  template <class Changed>
  bool sleep_for_room(os::Deadline deadline, Changed changed) const;
  Outcome wait_for_item(os::Deadline deadline, Slot* slot, std::uint64_t head) const;
  template <class Ready>
  Outcome wait_for_bell(os::Deadline deadline, Ready ready) const;
  bool has_room_now() const noexcept;
  Outcome give_up_put() const noexcept;
  Outcome give_up_get() const noexcept;
  bool discard_oldest() const;

  QueueState& state_;
  RefControl* control_ = nullptr;
  const Bell* bell_ = nullptr;
};

}  // namespace multiprocess::detail
