// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/hands.hpp>

#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <climits>
#include <new>

namespace multiprocess::detail {

namespace {

std::uint64_t owner_of_hands(Offset queue) {
  return owner::part_of(queue, Hands::tag);
}

/// The first hand that `wanted` accepts, else null.
template <class Wanted>
Hand* find(HandsState& state, Wanted wanted) {
  return find_entry(state.first, wanted);
}

auto of(std::uint64_t ticket) {
  return
      [ticket](const Hand& hand) { return hand.ticket.load(std::memory_order_acquire) == ticket; };
}

constexpr std::uint64_t nobody = 0;

}  // namespace

/// Holds the lock of the hands, unless the time is up.
class Hands::Locked {
 public:
  Locked(HandsState& state, os::Deadline deadline) noexcept
      : state_(state), taken_(ItemQueue::lock(state.lock, deadline)) {
    if (taken_ == Taken::from_dead) {
      const Transaction undo_what_the_dead_one_began;
    }
  }
  ~Locked() {
    if (taken_ != Taken::no) {
      state_.lock.release();
    }
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  explicit operator bool() const noexcept { return taken_ != Taken::no; }

 private:
  HandsState& state_;
  Taken taken_;
};

SharedRef Hands::create(SharedRef (*make)(std::uint64_t capacity, Offset hands),
                        std::uint64_t capacity) {
  const Offset block = allocate(sizeof(HandsState));
  new (at<HandsState>(block)) HandsState{};
  try {
    SharedRef queue = make(capacity, block);
    step::store(owner_word(block), owner_of_hands(queue.offset()));
    return queue;
  } catch (...) {
    deallocate(block);
    throw;
  }
}

void Hands::throw_not_joinable() {
  throw TypeError("the queue behind this handle is not a JoinableQueue");
}

bool Hands::another_is_done() const {
  const bool counted = count_elsewhere();
  tell_joiners();
  return counted;
}

/// Any process may say it of an item that another one has taken, also when that one has ended
/// since.
bool Hands::count_elsewhere() const {
  const Locked locked(state_, os::never);
  Hand* const own = find(state_, of(self().ticket.word()));
  if ((own != nullptr && count_done(*own)) || find(state_, &count_done) != nullptr) {
    return true;
  }
  const std::uint64_t lost = state_.lost.load(std::memory_order_relaxed);
  if (lost != 0) {
    step::store(state_.lost, lost - 1);
  }
  return lost != 0;
}

bool Hands::join(os::Deadline deadline) const {
  const std::uint64_t zeros = state_.zeros.load(std::memory_order_acquire);
  const auto ready = [&] {
    return state_.zeros.load(std::memory_order_acquire) != zeros || has_nothing_left(deadline);
  };
  if (ready()) {
    return true;
  }
  if (deadline == os::at_once) {
    return false;
  }
  for (Spin spin; spin.again() && may_have_something_left();) {
  }
  return sleep_until(state_.joiners, deadline, ready);
}

/// A guess, without the lock.
bool Hands::may_have_something_left() const noexcept {
  return queue_.size() != 0 || unfinished() != 0;
}

bool Hands::has_nothing_left(os::Deadline deadline) const noexcept {
  if (queue_.size() != 0) {
    return false;
  }
  const Locked locked(state_, deadline);
  if (!locked) {
    return false;
  }
  empty_hands_of_the_dead();
  return unfinished() == 0;
}

std::uint64_t Hands::lost() const {
  const Locked locked(state_, os::never);
  empty_hands_of_the_dead();
  return state_.lost.load(std::memory_order_relaxed);
}

void Hands::tell_joiners() const noexcept {
  if (state_.joiners.sleepers.load(std::memory_order_seq_cst) == 0 || queue_.size() != 0) {
    return;
  }
  {
    const Locked locked(state_, os::never);
    if (unfinished() != 0) {
      return;
    }
    step::add(state_.zeros, 1);
  }
  state_.joiners.wake(INT_MAX);
}

/// What is done is read before what was put: so whatever others do meanwhile, 0 means that there
/// was such a moment. A putter may not have moved the tail yet when its item is taken already.
std::uint64_t Hands::unfinished() const noexcept {
  std::uint64_t done = state_.finished.load(std::memory_order_seq_cst);
  find(state_, [&done](const Hand& hand) {
    done += hand.dones.load(std::memory_order_seq_cst);
    return false;
  });
  const QueueState& queue = queue_.state_;
  return std::max(queue.tail.load(std::memory_order_seq_cst),
                  queue.head.load(std::memory_order_seq_cst)) -
         done;
}

/// Under the getters' lock: what the dead took is counted then. Somebody may hold that for long,
/// following a message; he has an item in hand himself, and all others need our lock.
void Hands::empty_hands_of_the_dead() const noexcept {
  bool locked = false;
  find(state_, [&](Hand& hand) {
    const std::uint64_t ticket = hand.ticket.load(std::memory_order_acquire);
    if (ticket == nobody || !is_over(Ticket::from(ticket))) {
      return false;
    }
    if (!locked) {
      const Taken taken = ItemQueue::lock(queue_.state_.get_lock, os::at_once);
      if (taken == Taken::no) {
        return true;
      }
      locked = true;
      if (taken == Taken::from_dead) {
        queue_.recover_get();
      }
    }
    empty(hand);
    return false;
  });
  if (locked) {
    queue_.state_.get_lock.release();
  }
}

void Hands::empty(Hand& hand) const noexcept {
  const std::uint64_t gets = hand.gets.load(std::memory_order_relaxed);
  const std::uint64_t lost = gets - hand.dones.load(std::memory_order_relaxed);
  Transaction change;
  change.write(state_.finished, state_.finished.load(std::memory_order_relaxed) + gets);
  change.write(state_.lost, state_.lost.load(std::memory_order_relaxed) + lost);
  change.write(hand.gets, 0);
  change.write(hand.dones, 0);
  change.write(hand.ticket, nobody);
}

Hand& Hands::own() const {
  Self& me = self();
  const Locked locked(state_, os::never);
  Hand* hand = find(state_, of(me.ticket.word()));
  if (hand == nullptr && (hand = find(state_, of(nobody))) == nullptr) {
    empty_hands_of_the_dead();
    if ((hand = find(state_, of(nobody))) == nullptr) {
      add_block();
      hand = find(state_, of(nobody));
    }
  }
  step::store(hand->ticket, me.ticket.word());
  expect_our_end();  // what we have in hand then is over
  queue_.control_->hand.store(offset_of(hand), std::memory_order_relaxed);  // raw: ours
  return *hand;
}

void Hands::add_block() const {
  add_entries(state_.first, owner_of_hands(offset_of(&queue_.state_)));
}

void Hands::destroy(const QueueState& queue) noexcept {
  const std::uint64_t ours = owner_of_hands(offset_of(&queue));
  if (queue.hands != 0 && owner_of_former(queue.hands) == ours) {
    free_entries(at<HandsState>(queue.hands)->first, ours);
    reclaim(queue.hands);
  }
}

// What ItemQueue needs of this.

Hand& ItemQueue::find_hand() const {
  return Hands(*this).own();
}

std::atomic<std::uint64_t>* ItemQueue::discarded() const noexcept {
  return state_.hands == 0 ? nullptr : &at<HandsState>(state_.hands)->finished;
}

void ItemQueue::tell_joiners() const noexcept {
  if (state_.hands != 0) {
    Hands(*this).tell_joiners();
  }
}

void ItemQueue::recover_count() const noexcept {
  const Offset counter = state_.counter.load(std::memory_order_acquire);
  if (counter != 0) {
    if (state_.head.load(std::memory_order_acquire) == state_.counted_head.load()) {
      step::store(*at<std::atomic<std::uint64_t>>(counter), state_.counted.load());
    }
    step::store(state_.counter, 0);
  }
}

}  // namespace multiprocess::detail
