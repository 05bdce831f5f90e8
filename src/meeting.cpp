// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/meeting.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>

#include <algorithm>
#include <climits>
#include <new>

namespace multiprocess::detail {

namespace {

constexpr auto own_type = static_cast<std::uint32_t>(ObjectType::barrier);
const bool known = register_destroy(ObjectType::barrier, &Meeting::destroy);

std::uint64_t owner_of_action(Offset barrier) {
  return owner::part_of(barrier, Meeting::tag);
}

Offset allocate_for(Offset action) {
  try {
    return allocate(sizeof(MeetingState));
  } catch (...) {
    if (action != 0) {
      Message::drop(action);
    }
    throw;
  }
}

/// Its lock is held for moments. Should somebody be stopped just then, a call that is out of time
/// gives up soon.
constexpr std::chrono::milliseconds patience{10};

}  // namespace

/// Holds the lock of a barrier, unless the time is up.
class Meeting::Locked {
 public:
  Locked(const Meeting& meeting, os::Deadline deadline) noexcept
      : lock_(meeting.state_.lock), taken_(lock_.try_acquire()) {
    if (taken_ == Taken::no) {
      taken_ = lock_.acquire(std::max(deadline, std::chrono::steady_clock::now() + patience));
    }
    if (taken_ == Taken::from_dead) {
      meeting.finish_break();
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
  OwnedLock& lock_;
  Taken taken_;
};

SharedRef Meeting::create(std::uint32_t parties, std::int64_t timeout, bool acts, Offset action) {
  const Offset block = allocate_for(action);
  auto* const state = new (at<MeetingState>(block)) MeetingState{};
  state->parties = parties;
  state->timeout = timeout;
  state->acts = acts ? 1 : 0;
  state->resets.store(1, std::memory_order_relaxed);       // raw: not seen yet
  state->action.store(action, std::memory_order_relaxed);  // raw: not seen yet
  // Killed before it is published: the repair ends it as a barrier, with what it has by then.
  step::store(owner_word(block), owner::dying(self().ticket, own_type));
  if (action != 0) {
    step::store(owner_word(action), owner_of_action(block));
  }
  try {
    return publish_object(block, ObjectType::barrier);
  } catch (...) {
    end_object(block);
    throw;
  }
}

void Meeting::destroy(Offset object) noexcept {
  const auto& state = *at<MeetingState>(object);
  const Offset action = state.action.load(std::memory_order_relaxed);
  if (action != 0 && owner_of_former(action) == owner_of_action(object)) {
    Message::drop(action);
  }
  Holders::destroy(object);
}

std::optional<Meeting::Arrival> Meeting::arrive(os::Deadline deadline) const {
  while (true) {
    std::optional<Arrival> arrival;
    Stage stage;
    {
      const Locked locked(*this, deadline);
      if (!locked) {
        return std::nullopt;
      }
      stage = look();
      if (!stage.broken && stage.count < state_.parties) {
        arrival = join(stage);
      }
    }
    if (stage.broken || (arrival && now().phase != arrival->phase)) {
      tell();
    }
    if (stage.broken || arrival) {
      return arrival;
    }
    // All of this phase have come, and the last one acts.
    const auto over = [this, &stage] { return now().phase != stage.phase; };
    if (!sleep(deadline, over)) {
      break_phase(stage.phase);
    }
  }
}

/// Noted before it is counted: a party that is killed in between is one that has waited.
Meeting::Arrival Meeting::join(Stage stage) const {
  Holding& mine = holders_.own();
  const std::uint64_t resets = state_.resets.load(std::memory_order_relaxed);
  if (mine.what.load(std::memory_order_relaxed) != resets) {
    step::store(mine.what, resets);
  }
  const bool is_last = stage.count + 1 == state_.parties;
  const bool acts = is_last && state_.acts != 0;
  set(is_last && !acts ? Stage{stage.phase + 1, false, 0}
                       : Stage{stage.phase, false, stage.count + 1});
  return {stage.phase, stage.count, state_.breaks.load(std::memory_order_relaxed), acts};
}

bool Meeting::wait(const Arrival& arrival, os::Deadline deadline) const {
  const auto over = [this, &arrival] { return now().phase != arrival.phase; };
  if (!sleep(deadline, over)) {
    break_phase(arrival.phase);
  }
  return over() && has_passed(arrival);
}

bool Meeting::pass(const Arrival& arrival) const {
  bool passed = false;
  {
    const Locked locked(*this, os::never);
    const Stage stage = look();
    passed = stage.phase == arrival.phase;
    if (passed) {
      set({stage.phase + 1, false, 0});
    }
  }
  tell();
  return passed;
}

void Meeting::break_phase(std::uint32_t phase) const {
  {
    const Locked locked(*this, os::at_once);
    if (locked && now().phase == phase) {
      break_now(now());
    }
  }
  tell();
}

void Meeting::abort() const {
  {
    const Locked locked(*this, os::never);
    if (!now().broken) {
      break_now(now());
    }
  }
  tell();
}

void Meeting::reset() const {
  {
    const Locked locked(*this, os::never);
    Stage stage = now();
    if (stage.count != 0) {
      begin_break(stage);
      ++stage.phase;
    }
    step::store(state_.resets, state_.resets.load(std::memory_order_relaxed) + 1);
    set({stage.phase, false, 0});
  }
  tell();
}

Stage Meeting::stage() const {
  if (!now().broken && has_dead_member()) {
    {
      const Locked locked(*this, os::at_once);
      if (locked) {
        look();
      }
    }
    tell();
  }
  return now();
}

/// Without a sleep once `over()` is true. False at the deadline, and when a member was killed.
template <class Over>
bool Meeting::sleep(os::Deadline deadline, Over over) const {
  for (Spin spin; deadline != os::at_once && spin.again();) {
    if (over()) {
      return true;
    }
  }
  while (true) {
    Sleep sleep(state_.ended.word, state_.ended.sleepers);
    const std::uint32_t before = state_.ended.word.load(std::memory_order_seq_cst);
    if (over()) {
      return true;
    }
    if (has_dead_member() || sleep.while_equal(before, deadline, long_slice) == Woken::deadline) {
      return over();
    }
  }
}

bool Meeting::has_dead_member() const noexcept {
  const std::uint64_t resets = state_.resets.load(std::memory_order_acquire);
  return holders_.any([resets](Ticket who, const Holding& holding) {
    return holding.what.load(std::memory_order_acquire) == resets && is_over(who);
  });
}

/// Where it stands; with the lock. A death among those who have waited breaks it, others that have
/// died leave their places.
Stage Meeting::look() const noexcept {
  const std::uint64_t resets = state_.resets.load(std::memory_order_relaxed);
  bool member_died = false;
  holders_.for_each([&](Holding& holding) {
    const std::uint64_t ticket = holding.ticket.load(std::memory_order_acquire);
    if (ticket == 0 || !is_over(Ticket::from(ticket))) {
      return;
    }
    if (holding.what.load(std::memory_order_relaxed) == resets) {
      member_died = true;
    } else {
      empty(holding);
    }
  });
  return member_died && !now().broken ? break_now(now()) : now();
}

Stage Meeting::break_now(Stage stage) const noexcept {
  begin_break(stage);
  set({stage.phase + 1, true, 0});
  return now();
}

/// From now on this phase ends broken, whoever sees to it.
void Meeting::begin_break(Stage stage) const noexcept {
  const std::uint64_t breaks = state_.breaks.load(std::memory_order_relaxed);
  step::store(state_.broken[breaks % MeetingState::remembered], stage.phase);
  step::store(state_.breaks, breaks + 1);
}

/// What a dead one began is done.
void Meeting::finish_break() const noexcept {
  const std::uint64_t breaks = state_.breaks.load(std::memory_order_relaxed);
  const Stage stage = now();
  if (breaks != 0 && state_.broken[(breaks - 1) % MeetingState::remembered].load(
                         std::memory_order_relaxed) == stage.phase) {
    set({stage.phase + 1, true, 0});
  }
}

/// How a phase has ended: as it should, unless it is among the broken ones, or so many have broken
/// since that it might be.
bool Meeting::has_passed(const Arrival& arrival) const noexcept {
  const std::uint64_t breaks = state_.breaks.load(std::memory_order_seq_cst);
  if (breaks - arrival.breaks >= MeetingState::remembered) {
    return false;
  }
  for (std::uint64_t i = arrival.breaks; i != breaks; ++i) {
    if (state_.broken[i % MeetingState::remembered].load(std::memory_order_acquire) ==
        arrival.phase) {
      return false;
    }
  }
  return true;
}

void Meeting::set(Stage stage) const noexcept {
  step::store(state_.stage, stage.word());
}

void Meeting::tell() const noexcept {
  state_.ended.wake(INT_MAX);
}

}  // namespace multiprocess::detail
