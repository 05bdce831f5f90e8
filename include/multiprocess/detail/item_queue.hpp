// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bell.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/word.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace multiprocess::detail {

/// Where one item lies: full once `sequence` is its position + 1, which no earlier item of the
/// place, nor an empty place, can say.
struct Slot {
  std::atomic<std::uint64_t> sequence;

  std::byte* payload() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

/// A run of slots, beginning with position `base`; a queue is a chain of them.
struct alignas(64) Segment {
  std::atomic<std::uint64_t> next;  // a later segment, 0: none yet
  std::uint64_t base;

  Slot& slot(std::uint64_t position, std::size_t slot_size) noexcept {
    return *reinterpret_cast<Slot*>(reinterpret_cast<std::byte*>(this + 1) +
                                    (position - base) * slot_size);
  }
};

/// What one process has taken from a joinable queue, and how much of that is done; see hands.hpp.
struct alignas(64) Hand {
  std::atomic<std::uint64_t> ticket;  // 0: nobody's
  std::atomic<std::uint64_t> gets;
  std::atomic<std::uint64_t> dones;  // never more than gets
};

/// A queue in the arena. Putters and getters each have a lock and words of their own; they meet
/// only in the slots.
struct QueueState {
  // Fixed.
  std::uint64_t slot_size;
  std::uint64_t slots;               // in a segment
  std::uint64_t capacity;            // in items
  std::uint64_t most_bytes;          // that wait outside of slots, 0: any number
  std::uint64_t holds_blocks;        // its items are BlockItems
  std::uint64_t hands;               // HandsState of a joinable one, else 0
  std::atomic<std::uint64_t> ended;  // shutdown() was called
  std::uint64_t item_type;           // type_tag of the items
  std::atomic<std::uint64_t> spare;  // emptied segments, linked by `next`; changed by transactions
  std::atomic<std::uint64_t> spares;
  // Putters.
  alignas(64) OwnedLock put_lock;
  std::atomic<std::uint64_t> tail;  // position of the next item
  std::atomic<std::uint64_t> tail_segment;
  std::uint64_t head_seen;               // head was here at least; only a saving
  std::atomic<std::uint64_t> bytes_put;  // about: what a killed process had not counted is missing
  // Getters.
  alignas(64) OwnedLock get_lock;
  std::atomic<std::uint64_t> head;  // position of the oldest item
  std::atomic<std::uint64_t> head_segment;
  std::atomic<std::uint64_t> counter;       // goes up with the head just now, 0: none does
  std::atomic<std::uint64_t> counted;       // to this, if
  std::atomic<std::uint64_t> counted_head;  // the head has come here
  std::atomic<std::uint64_t> bytes_got;
  // Sleepers.
  alignas(64) Signal items;  // getters wait for an item
  alignas(64) Signal room;   // putters wait for room
};

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

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

  /// Bytes of the item that is being put or taken, for `most_bytes`. To be called from `fill`,
  /// `keep`.
  void count_put(std::size_t bytes) const noexcept { count(state_.bytes_put, bytes); }
  void count_got(std::size_t bytes) const noexcept { count(state_.bytes_got, bytes); }

  /// With a bell: waits until get() would not, since an item is there or nobody who could put one.
  /// False at the deadline.
  bool wait_ready(os::Deadline deadline) const;

  /// Drops the items of a queue from which nobody gets any more.
  void discard_all() const {
    while (discard_oldest()) {
    }
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

  std::uint64_t size() const noexcept;
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
  static void destroy(QueueState& state) noexcept;

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
        recover_put();
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

  auto not_empty() const noexcept {
    return [this] { return size() != 0; };
  }

  void tell_getters() const noexcept {
    if (bell_ == nullptr) {
      state_.items.wake(1);
    } else {
      bell_->ring(not_empty());
    }
  }

  void count(std::atomic<std::uint64_t>& sum, std::size_t bytes) const noexcept {
    if (state_.most_bytes != 0) {
      step::store(sum, sum.load(std::memory_order_relaxed) + bytes);
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
  void recover_put() const noexcept;
  void recover_get() const noexcept;
  Outcome wait_for_room(os::Deadline deadline) const;
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
