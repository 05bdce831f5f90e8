// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/item_queue.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/hands.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/message.hpp>

#include <algorithm>
#include <climits>
#include <cstring>
#include <new>
#include <vector>

namespace multiprocess::detail {

namespace {

constexpr std::uint64_t most_spares = 4;
constexpr std::size_t largest_slot = 64;

const bool known = register_destroy(ObjectType::queue, &ItemQueue::destroy);

std::size_t slot_size(std::size_t item_size) {
  return item_size <= 8 ? 16 : item_size <= 24 ? 32 : largest_slot;
}

std::size_t segment_bytes(const QueueState& state) {
  return sizeof(Segment) + state.slots * state.slot_size;
}

}  // namespace

SharedRef ItemQueue::create(std::size_t item_size, std::uint64_t capacity, bool holds_blocks,
                            std::uint64_t item_type, Offset hands) {
  const Offset block = allocate(sizeof(QueueState));
  auto* const state = new (at<QueueState>(block)) QueueState{};
  const std::size_t slot = slot_size(item_size);
  init(*state, item_size, std::size_t{16} << 10 << (slot / 32), capacity, holds_blocks);
  state->item_type = item_type;
  state->hands = hands;
  return publish_object(block, ObjectType::queue);
}

void ItemQueue::init(QueueState& state, std::size_t item_size, std::size_t segment_size,
                     std::uint64_t capacity, bool holds_blocks) noexcept {
  state.slot_size = slot_size(item_size);
  state.slots = (segment_size - sizeof(Segment)) / state.slot_size;
  state.capacity = capacity;
  state.holds_blocks = holds_blocks;
}

std::uint64_t ItemQueue::size() const noexcept {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  do {  // an old head beside a new tail would be items that were never there at once
    head = state_.head.load(std::memory_order_acquire);
    tail = state_.tail.load(std::memory_order_acquire);
  } while (state_.head.load(std::memory_order_relaxed) != head);
  return tail > head ? tail - head : 0;
}

std::uint64_t ItemQueue::item_owner(std::uint64_t position) const noexcept {
  return owner_of_item(state_, position);
}

Taken ItemQueue::lock_patiently(OwnedLock& end, os::Deadline deadline) noexcept {
  constexpr std::chrono::milliseconds patience{200};
  return end.acquire(std::max(deadline, std::chrono::steady_clock::now() + patience));
}

Offset ItemQueue::make_segment() const {
  try {
    const Offset fresh = allocate(segment_bytes(state_));
    std::memset(at<std::byte>(fresh), 0, segment_bytes(state_));
    return fresh;
  } catch (...) {
    state_.put_lock.release();
    throw;
  }
}

Segment* ItemQueue::add_segment(std::uint64_t tail) const {
  Offset fresh = 0;
  do {
    if (state_.spare.load(std::memory_order_acquire) == 0) {
      fresh = make_segment();
    }
    Transaction change;
    if (fresh == 0) {
      fresh = state_.spare.load(std::memory_order_relaxed);
      if (fresh == 0) {
        continue;  // was put aside by a getter that died before it committed
      }
      change.write(state_.spare, at<Segment>(fresh)->next.load(std::memory_order_relaxed));
      change.write(state_.spares, state_.spares.load(std::memory_order_relaxed) - 1);
      change.write(at<Segment>(fresh)->next, 0);
    }
    at<Segment>(fresh)->base = tail;
    change.write(owner_word(fresh), owner_of_segment(state_));
    if (const Offset last = state_.tail_segment.load(std::memory_order_relaxed); last != 0) {
      change.write(at<Segment>(last)->next, fresh);
    }
    change.write(state_.tail_segment, fresh);
  } while (fresh == 0);
  show_first_segment();
  return at<Segment>(fresh);
}

/// Getters look at it without a transaction: so they see it only when it is there to stay.
void ItemQueue::show_first_segment() const noexcept {
  if (state_.head_segment.load(std::memory_order_relaxed) == 0) {
    step::store(state_.head_segment, state_.tail_segment.load(std::memory_order_relaxed));
  }
}

Slot* ItemQueue::next_segment(Segment& emptied, std::uint64_t head) const {
  if (emptied.next.load(std::memory_order_acquire) == 0) {
    return nullptr;
  }
  bool surplus = false;
  Offset next = 0;
  {
    Transaction change;
    next = emptied.next.load(std::memory_order_relaxed);
    if (next == 0) {
      return nullptr;  // was linked by a putter that died before it committed
    }
    surplus = state_.spares.load(std::memory_order_relaxed) >= most_spares;
    change.write(state_.head_segment, next);
    if (surplus) {
      change.write(owner_word(offset_of(&emptied)), owner::private_to(self().ticket));
    } else {
      change.write(emptied.next, state_.spare.load(std::memory_order_relaxed));
      change.write(state_.spare, offset_of(&emptied));
      change.write(state_.spares, state_.spares.load(std::memory_order_relaxed) + 1);
    }
  }
  if (surplus) {
    deallocate(offset_of(&emptied));
  }
  return &at<Segment>(next)->slot(head, state_.slot_size);
}

/// True when the dead one had put an item.
bool ItemQueue::recover_put() const noexcept {
  { const Transaction undo_what_the_dead_one_began; }
  show_first_segment();
  const std::uint64_t tail = state_.tail.load(std::memory_order_relaxed);
  const Offset offset = state_.tail_segment.load(std::memory_order_relaxed);
  if (offset == 0 || tail - at<Segment>(offset)->base >= state_.slots) {
    return false;
  }
  Slot& slot = at<Segment>(offset)->slot(tail, state_.slot_size);
  if (slot.sequence.load(std::memory_order_acquire) == tail + 1) {
    step::store(state_.tail, tail + 1);  // put, but not counted
    return true;
  }
  drop_item(state_, slot, tail);
  return false;
}

/// For getters who look at size(): what a putter that is known to be dead has put counts.
bool ItemQueue::finish_put() const noexcept {
  const std::uint64_t owner = state_.put_lock.owner();
  if (owner == 0 || !is_over(ticket_of_owner(owner))) {
    return false;
  }
  const OwnedGuard guard(state_.put_lock);
  return guard.from_dead() && recover_put();
}

void ItemQueue::recover_get() const noexcept {
  { const Transaction undo_what_the_dead_one_began; }
  recover_count();
  const std::uint64_t head = state_.head.load(std::memory_order_relaxed);
  const Offset offset = state_.head_segment.load(std::memory_order_relaxed);
  if (offset != 0 && head > at<Segment>(offset)->base) {
    // Received by the dead process, but its block not yet taken from the queue.
    drop_item(state_, at<Segment>(offset)->slot(head - 1, state_.slot_size), head - 1);
  }
}

Outcome ItemQueue::wait_for_room(os::Deadline deadline) const {
  const auto over = [this] {
    return state_.ended.load(std::memory_order_acquire) != 0 ||
           (bell_ != nullptr && bell_->getters_are_gone());
  };
  const auto changed = [&] { return over() || has_room_now(); };
  const bool has_many = state_.most_bytes != 0 && has_many_bytes();
  if (!changed() && (deadline == os::at_once || !sleep_for_room(deadline, changed))) {
    return give_up_put();
  }
  if (has_many) {
    state_.room.wake(1);  // one large item that is gone makes room for many
  }
  return over() ? Outcome::ended : Outcome::done;
}

template <class Changed>
bool ItemQueue::sleep_for_room(os::Deadline deadline, Changed changed) const {
  if (bell_ == nullptr) {
    return wait_until(state_.room, deadline, changed);
  }
  // Getters may end without a word: their descriptors are what tells, and has to be asked.
  while (deadline > std::chrono::steady_clock::now()) {
    const os::Deadline slice = std::chrono::steady_clock::now() + short_slice;
    if (wait_until(state_.room, std::min(deadline, slice), changed)) {
      return true;
    }
    bell_->ask_again();
  }
  return changed();
}

bool ItemQueue::has_room_now() const noexcept {
  return size() < state_.capacity && (state_.most_bytes == 0 || !has_many_bytes() || size() == 0);
}

Outcome ItemQueue::wait_for_item(os::Deadline deadline, Slot* slot, std::uint64_t head) const {
  // The slot is only looked at: should it be reused meanwhile, then head has moved as well.
  const auto changed = [this, slot, head] {
    return (slot != nullptr ? slot->sequence.load(std::memory_order_acquire) == head + 1
                            : state_.tail.load(std::memory_order_acquire) > head) ||
           state_.head.load(std::memory_order_relaxed) != head ||
           state_.ended.load(std::memory_order_acquire) != 0;
  };
  if (bell_ != nullptr) {
    return wait_for_bell(deadline, changed);
  }
  if (!changed() && (deadline == os::at_once || !wait_until(state_.items, deadline, changed))) {
    return give_up_get();
  }
  return state_.ended.load(std::memory_order_acquire) != 0 && size() == 0 ? Outcome::ended
                                                                          : Outcome::done;
}

template <class Ready>
Outcome ItemQueue::wait_for_bell(os::Deadline deadline, Ready ready) const {
  const os::DoorbellState found = bell_->wait(deadline, ready);
  if (found == os::DoorbellState::quiet) {
    return give_up_get();
  }
  return found == os::DoorbellState::rung ? Outcome::done : Outcome::ended;
}

bool ItemQueue::wait_ready(os::Deadline deadline) const {
  return wait_for_bell(deadline, [this] { return has_item(); }) != Outcome::time_up;
}

// Who leaves without may have been woken for what is there: the wake-up goes on to the next one. A
// bell has woken everybody, and getters must not ring it.

Outcome ItemQueue::give_up_put() const noexcept {
  if (has_room_now()) {
    state_.room.wake(1);
  }
  return Outcome::time_up;
}

Outcome ItemQueue::give_up_get() const noexcept {
  if (bell_ == nullptr && size() != 0) {
    state_.items.wake(1);
  }
  return Outcome::time_up;
}

void ItemQueue::end(bool immediately) const {
  {
    const OwnedGuard guard(state_.put_lock);
    if (guard.from_dead()) {
      recover_put();  // everybody is told in any case
    }
    step::store(state_.ended, 1);
  }
  if (immediately) {
    discard_all();
  }
  state_.items.wake(INT_MAX);
  state_.room.wake(INT_MAX);
  tell_joiners();
}

bool ItemQueue::discard_oldest() const {
  Slot* oldest = nullptr;
  // Once the queue has ended nobody waits for items, only for who looks at one.
  if (lock_for_get(os::never, oldest) != Outcome::done) {
    return false;
  }
  const std::uint64_t head = state_.head.load(std::memory_order_relaxed);
  if (const Offset block = block_in(state_, *oldest, head); block != 0) {
    Message::wait_until_written(block);  // its sender must not write into what is free
  }
  advance_head(discarded());
  drop_item(state_, *oldest, head);
  state_.get_lock.release();
  return true;
}

void ItemQueue::destroy(Offset object) noexcept {
  QueueState& state = *at<QueueState>(object);
  Hands::destroy(state);
  free_parts(state);
}

}  // namespace multiprocess::detail
