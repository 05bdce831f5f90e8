// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/units.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/word.hpp>

#include <algorithm>
#include <new>

namespace multiprocess::detail {

namespace {

const bool known = register_destroy(ObjectType::semaphore, &Holders::destroy);

constexpr std::uint64_t one_change = std::uint64_t{1} << 32;

constexpr std::uint64_t units_in(std::uint64_t note) noexcept {
  return note & (one_change - 1);
}

/// Its lock is held for moments. Should somebody be stopped just then, a call that is out of time
/// gives up soon.
constexpr std::chrono::milliseconds patience{10};

os::Deadline patient(os::Deadline deadline) {
  return std::max(deadline, std::chrono::steady_clock::now() + patience);
}

/// How long a debt is tried to be paid: a living process that was interrupted in the middle of a
/// step counts for one unit too many.
constexpr std::uint64_t debts_last = 10'000'000'000;

/// Of the steady clock.
std::uint64_t now() noexcept {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                    std::chrono::nanoseconds(1));
}

/// Unless it has none: then it gives back what another process took.
void forget_one(Holding& mine) noexcept {
  std::uint64_t note = mine.what.load(std::memory_order_relaxed);
  while (units_in(note) != 0 && !step::cas(mine.what, note, note + one_change - 1)) {
  }
}

}  // namespace

/// Holds the lock of a semaphore, unless the time is up.
class Units::Locked {
 public:
  Locked(OwnedLock& lock, os::Deadline deadline) noexcept : lock_(lock), taken_(take(deadline)) {
    if (taken_ == Taken::from_dead) {
      const Transaction undo_what_the_dead_one_began;
    }
  }
  ~Locked() {
    if (taken_ != Taken::no) {
      lock_.release();
    }
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  explicit operator bool() const noexcept { return taken_ != Taken::no; }

 private:
  Taken take(os::Deadline deadline) noexcept {
    const Taken taken = lock_.try_acquire();
    return taken != Taken::no ? taken : lock_.acquire(patient(deadline));
  }

  OwnedLock& lock_;
  Taken taken_;
};

SharedRef Units::create(std::uint32_t initial, bool bounded) {
  const Offset block = allocate(sizeof(UnitsState));
  auto* const state = new (at<UnitsState>(block)) UnitsState{};
  state->value.store(initial, std::memory_order_relaxed);  // raw: not seen yet
  state->initial = initial;
  state->bounded = bounded ? 1 : 0;
  return publish_object(block, ObjectType::semaphore);
}

/// This process's holding; null when the lock could not be had in time.
Holding* Units::own(os::Deadline deadline) const {
  if (Holding* const mine = holders_.find(); mine != nullptr) [[likely]] {
    return mine;
  }
  const Locked locked(state_.lock, deadline);
  if (!locked) {
    return nullptr;
  }
  collect_debts();
  Holding& mine = holders_.own();
  forget_beside(mine);  // what the one before had when it ended by itself stays taken
  return &mine;
}

bool Units::take(Holding& mine) const noexcept {
  if (take_beside(offset_of(&mine))) {
    return true;
  }
  std::uint64_t word = both().load(std::memory_order_relaxed);
  if (ValueWord(word).value() == 0) {
    return false;
  }
  step::add(mine.what, one_change + 1);
  while (ValueWord(word).value() != 0) {
    if (step::cas(both(), word, word - 1)) {
      return true;
    }
  }
  forget_one(mine);
  return false;
}

bool Units::try_acquire() const {
  if (state_.value.load(std::memory_order_relaxed) == 0) {
    return false;
  }
  Holding* const mine = own(os::at_once);
  return mine != nullptr && take(*mine);
}

bool Units::release() const {
  Holding* const mine = holders_.find();
  if (mine != nullptr && give_back_beside(offset_of(mine))) {
    return true;
  }
  std::uint64_t word = both().load(std::memory_order_relaxed);
  do {
    if (ValueWord(word).value() >= most()) {
      return false;
    }
  } while (!step::cas(both(), word, word + 1));
  if (mine != nullptr) {
    forget_one(*mine);
  }
  wake(1);
  return true;
}

bool Units::acquire(os::Deadline deadline) const {
  Holding* const mine = own(deadline);
  if (mine == nullptr) {
    return false;
  }
  const bool waits = deadline != os::at_once;
  for (Spin spin; waits && spin.again_later();) {
    if (take(*mine)) {
      return true;
    }
  }
  // Those who have them have had them for long: ask whether they live before the costly sleep.
  ask_about_holders();
  give_back();
  return take(*mine) || (waits && sleep_for_one(*mine, deadline));
}

bool Units::sleep_for_one(Holding& mine, os::Deadline deadline) const {
  while (true) {
    const bool is_held =
        state_.debt.load(std::memory_order_relaxed) != 0 ||
        holders_.any([this](Ticket, const Holding& holding) { return units_of(holding) != 0; });
    Woken woken = Woken::look_again;
    {
      Sleep sleep(state_.value, state_.sleepers);
      if (state_.value.load(std::memory_order_seq_cst) == 0 && !has_dead_holder()) {
        woken = sleep.while_equal(0, deadline, is_held ? short_slice : long_slice);
      }
    }
    if (woken == Woken::slice) {
      ask_about_holders();
    }
    give_back();
    if (take(mine)) {
      return true;
    }
    if (woken == Woken::deadline || deadline <= std::chrono::steady_clock::now()) {
      return false;
    }
  }
}

std::uint32_t Units::value() const {
  give_back();
  return state_.value.load(std::memory_order_acquire);
}

/// In its note and beside the value.
std::uint64_t Units::units_of(const Holding& holding) const noexcept {
  return units_in(holding.what.load(std::memory_order_acquire)) +
         look().units_of(ValueWord::name_of(offset_of(&holding)));
}

void Units::forget_beside(const Holding& holding) const noexcept {
  ValueWord now = look();
  while (now.units_of(ValueWord::name_of(offset_of(&holding))) != 0) {
    std::uint64_t word = now.word();
    step::cas(both(), word, now.value());
    now = look();
  }
}

void Units::ask_about_holders() const noexcept {
  holders_.any([this](Ticket who, const Holding& holding) {
    if (units_of(holding) != 0) {
      check_participant(who);
    }
    return false;
  });
}

bool Units::has_dead_holder() const noexcept {
  return holders_.any([](Ticket who, const Holding&) { return is_over(who); });
}

/// What the killed had is free again, as far as it is missing.
void Units::give_back() const noexcept {
  if (state_.debt.load(std::memory_order_relaxed) == 0 && !has_dead_holder()) [[likely]] {
    return;
  }
  const Locked locked(state_.lock, os::at_once);
  if (locked) {
    collect_debts();
    pay_debts();
  }
}

/// The notes of the killed become debts; none is larger than all units together.
void Units::collect_debts() const noexcept {
  holders_.for_each([this](Holding& holding) {
    const std::uint64_t ticket = holding.ticket.load(std::memory_order_acquire);
    if (ticket == 0 || !is_over(Ticket::from(ticket))) {
      return;
    }
    // Killed between these two: its note says too much.
    step::add(holding.what, units_of(holding) - units_in(holding.what.load()));
    forget_beside(holding);
    const std::uint64_t debt =
        state_.debt.load(std::memory_order_relaxed) + units_in(holding.what.load());
    step::store(state_.debt_since, now());
    Transaction change;
    change.write(state_.debt, std::min<std::uint64_t>(debt, state_.initial));
    change.write(holding.what, 0);
    change.write(holding.ticket, 0);
  });
}

void Units::pay_debts() const noexcept {
  const std::uint64_t debt = state_.debt.load(std::memory_order_relaxed);
  if (debt == 0) {
    return;
  }
  const std::uint64_t paid = std::min(debt, missing());
  if (paid != 0) {
    // Killed after this: that much less is missing, and it is not given back again.
    step::add(both(), paid);
  }
  const std::uint64_t value = state_.value.load(std::memory_order_relaxed);
  const std::uint64_t out = value < state_.initial ? state_.initial - value : 0;
  const bool lapsed = now() - state_.debt_since.load(std::memory_order_relaxed) > debts_last;
  step::store(state_.debt, lapsed ? 0 : std::min(debt - paid, out));
  wake(paid);
}

/// How many units are neither free nor noted by anybody: at a moment between two looks at the notes
/// that found the same. 0 when others are too busy to find such a moment.
std::uint64_t Units::missing() const noexcept {
  constexpr int tries = 1000;
  for (int i = 0; i < tries; ++i) {
    const Notes before = notes();
    const ValueWord word = look();
    if (notes().sum == before.sum) {
      const std::uint64_t all = word.value() + word.units() + before.units;
      return all < state_.initial ? state_.initial - all : 0;
    }
  }
  return 0;
}

/// Every change makes the sum larger.
Units::Notes Units::notes() const noexcept {
  Notes all;
  holders_.for_each([&all](const Holding& holding) {
    const std::uint64_t note = holding.what.load(std::memory_order_seq_cst);
    all.sum += note;
    all.units += units_in(note);
  });
  return all;
}

}  // namespace multiprocess::detail
