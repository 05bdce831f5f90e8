// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/waiters.hpp>

#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/word.hpp>

#include <algorithm>
#include <climits>

namespace multiprocess::detail {

namespace {

std::uint64_t owner_of_blocks(const ConditionState& state) {
  return owner::part_of(offset_of(&state), Waiters::tag);
}

std::uint32_t state_of(const Waiter& waiter) noexcept {
  return waiter.state.load(std::memory_order_seq_cst) % Waiter::one_nudge;
}

/// Nobody's, or of a process that is over.
bool is_deserted(std::uint64_t ticket) noexcept {
  return ticket == 0 || is_over(Ticket::from(ticket));
}

bool is_deserted(const Waiter& waiter) noexcept {
  return is_deserted(waiter.ticket.load(std::memory_order_acquire));
}

bool waits(const Waiter& waiter) noexcept {
  return state_of(waiter) == Waiter::waiting && !is_deserted(waiter);
}

/// It waited already when the other one was notified.
bool may_take_over(const Waiter& waiter, const Waiter& from) noexcept {
  return waiter.number.load(std::memory_order_relaxed) <
         from.before.load(std::memory_order_acquire);
}

void wake(const Waiter& waiter) noexcept {
  if (waiter.sleepers.load(std::memory_order_seq_cst) != 0) {
    os::wake_sleepers(waiter.state, INT_MAX);
  }
}

/// It looks around once more, also when it is about to fall asleep.
void nudge(Waiter& waiter) noexcept {
  std::uint32_t word = waiter.state.load(std::memory_order_relaxed);
  if (word % Waiter::one_nudge == Waiter::waiting) {
    step::cas(waiter.state, word, word + Waiter::one_nudge);
    wake(waiter);
  }
}

void make_free(Waiter& waiter) noexcept {
  step::store(waiter.state, Waiter::idle);
  step::store(waiter.ticket, 0);
}

}  // namespace

/// What a dead one has left is free when there is nothing in it, or nobody who could take it over.
bool Waiters::is_free(const Waiter& waiter) const noexcept {
  if (!is_deserted(waiter)) {
    return false;
  }
  const auto could_take = [&waiter](const Waiter& other) {
    return waits(other) && may_take_over(other, waiter);
  };
  return state_of(waiter) != Waiter::notified || find_entry(state_.waiters, could_take) == nullptr;
}

/// For this process, from now on.
Waiter* Waiters::find_free(std::uint64_t ticket) const noexcept {
  return find_entry(state_.waiters, [&](Waiter& waiter) {
    std::uint64_t whose = waiter.ticket.load(std::memory_order_acquire);
    return is_free(waiter) && step::cas(waiter.ticket, whose, ticket);
  });
}

Waiter& Waiters::enter() const {
  const std::uint64_t ticket = self().ticket.word();
  Waiter* mine = find_free(ticket);
  while (mine == nullptr) {
    add_entries(state_.waiters, owner_of_blocks(state_));
    mine = find_free(ticket);
  }
  step::store(mine->state, Waiter::idle);  // a dead one may have left it waiting
  const std::uint64_t number = state_.next_number.load(std::memory_order_relaxed);
  step::store(state_.next_number, number + 1);
  step::store(mine->number, number);
  step::store(mine->state, Waiter::waiting);
  return *mine;
}

Waiter* Waiters::sleep(Waiter& mine, os::Deadline deadline) const noexcept {
  for (Spin spin; deadline != os::at_once && spin.again();) {
    if (state_of(mine) != Waiter::waiting) {
      return nullptr;
    }
  }
  while (true) {
    Sleep sleep(mine.state, mine.sleepers);
    const std::uint32_t word = mine.state.load(std::memory_order_seq_cst);
    if (word % Waiter::one_nudge != Waiter::waiting) {
      return nullptr;
    }
    if (Waiter* const dead = take_over(mine); dead != nullptr) {
      return dead;
    }
    if (sleep.while_equal(word, deadline, long_slice) == Woken::deadline) {
      return nullptr;
    }
  }
}

/// Of a dead one that was notified while this one waited.
Waiter* Waiters::take_over(const Waiter& mine) const noexcept {
  const std::uint64_t me = mine.ticket.load(std::memory_order_relaxed);
  return find_entry(state_.waiters, [&mine, me](Waiter& other) {
    std::uint64_t whose = other.ticket.load(std::memory_order_acquire);
    return state_of(other) == Waiter::notified && is_deserted(whose) &&
           may_take_over(mine, other) && step::cas(other.ticket, whose, me);
  });
}

bool Waiters::leave(Waiter& mine, Waiter* taken_over) const noexcept {
  const bool notified = state_of(mine) == Waiter::notified;
  if (taken_over == nullptr && !notified) {
    taken_over = take_over(mine);
  }
  if (taken_over != nullptr && notified) {
    pass_on(*taken_over, mine);
  } else if (taken_over != nullptr) {
    make_free(*taken_over);
  }
  make_free(mine);
  return notified || taken_over != nullptr;
}

/// This one was notified after it had taken over: one of the two is for somebody else.
void Waiters::pass_on(Waiter& taken_over, const Waiter& mine) const noexcept {
  const std::uint64_t before = mine.before.load(std::memory_order_relaxed);
  step::store(taken_over.before,
              std::max(before, taken_over.before.load(std::memory_order_relaxed)));
  step::store(taken_over.ticket, 0, std::memory_order_seq_cst);
  for_each_entry(state_.waiters, &nudge);
}

void Waiters::notify(std::uint64_t most) const noexcept {
  if (most >= count()) {
    for_each_entry(state_.waiters, [this](Waiter& waiter) {
      if (waits(waiter)) {
        tell(waiter);
      }
    });
    return;
  }
  for (Waiter* next = longest_waiting(); most != 0 && next != nullptr; --most) {
    tell(*next);
    next = longest_waiting();
  }
}

Waiter* Waiters::longest_waiting() const noexcept {
  Waiter* longest = nullptr;
  for_each_entry(state_.waiters, [&longest](Waiter& waiter) {
    if (waits(waiter) &&
        (longest == nullptr || waiter.number.load(std::memory_order_relaxed) <
                                   longest->number.load(std::memory_order_relaxed))) {
      longest = &waiter;
    }
  });
  return longest;
}

void Waiters::tell(Waiter& waiter) const noexcept {
  step::store(waiter.before, state_.next_number.load(std::memory_order_relaxed));
  step::store(waiter.state, Waiter::notified, std::memory_order_seq_cst);
  wake(waiter);
  if (is_deserted(waiter)) {  // it died just now: the others may have looked before this
    for_each_entry(state_.waiters, &nudge);
  }
}

std::uint64_t Waiters::count() const noexcept {
  std::uint64_t all = 0;
  for_each_entry(state_.waiters, [&all](const Waiter& waiter) { all += waits(waiter) ? 1 : 0; });
  return all;
}

void Waiters::destroy(ConditionState& state) noexcept {
  free_entries(state.waiters, owner_of_blocks(state));
}

}  // namespace multiprocess::detail
