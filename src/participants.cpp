// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/participants.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/mapping.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/error.hpp>

#include <climits>
#include <mutex>

namespace multiprocess::detail {

static_assert(sizeof(Participant) == 256 && sizeof(Census) <= sizeof(Participant));

namespace {

/// Nobody may notice the ends of children that none of our functions started: when they have taken
/// so many places, somebody looks.
constexpr std::uint32_t unannounced_between_looks = 512;

constinit ThreadLock entering;
constinit Self* last_self = nullptr;        // in a forked child: the parent's, as it was
constinit std::uint64_t awaited_place = 0;  // Ticket that enter_as() was given

constexpr unsigned note_bits = 48;

void set_identity(Ticket ticket, const os::Identity& who) noexcept {
  Participant& place = participant(ticket.slot);
  place.seen.write(ticket.generation, who.seen);
  place.image.write(ticket.generation, who.image);
  place.pid.write(ticket.generation, who.pid);
}

bool claim(std::uint32_t slot, std::uint32_t by, Life how) noexcept {
  std::uint64_t life = participant(slot).life.load(std::memory_order_acquire);
  const auto generation = generation_of(life);
  return life_of(life) == Life::free &&
         step::cas(participant(slot).life, life, life_word(generation + 1, by, how));
}

void raise_high_water(std::uint32_t slot) noexcept {
  std::uint64_t mark = census().high_water.load(std::memory_order_relaxed);
  while (mark < slot && !step::cas(census().high_water, mark, slot)) {
  }
}

Ticket try_claim_place(std::uint32_t by, Life how) noexcept {
  const std::uint64_t hint = census().hint.load(std::memory_order_relaxed);
  for (std::uint32_t tried = 0; tried < most_participants; ++tried) {
    const auto slot = static_cast<std::uint32_t>((hint + tried) % most_participants + 1);
    if (claim(slot, by, how)) {
      raise_high_water(slot);
      step::store(census().hint, slot);
      Participant& place = participant(slot);
      step::store(place.exit_known, 0);
      return {slot, generation_of(place.life.load(std::memory_order_relaxed))};
    }
  }
  return {};
}

os::Identity identity_in(const Participant& place) noexcept {
  const std::uint64_t life = place.life.load(std::memory_order_acquire);
  const std::uint32_t generation = generation_of(life);
  if (const std::uint64_t pid = place.pid.read(generation); pid != 0) {
    return {static_cast<std::uint32_t>(pid), place.seen.read(generation),
            place.image.read(generation)};
  }
  // Since when it lives is not said: whoever has the number counts.
  return {claimer_of(life), UINT64_MAX - 1, 0};
}

/// Asks the system about everybody who has not ended as far as is known.
void look_at_everybody() noexcept {
  // That a number was given again is rare and costly to see: not every time.
  static std::atomic<std::uint32_t> looks{0};
  const bool closely = looks.fetch_add(1, std::memory_order_relaxed) % 16 == 15;  // raw: ours
  const std::uint64_t last = census().high_water.load(std::memory_order_acquire);
  for (std::uint32_t slot = 1; slot <= last; ++slot) {
    const Participant& place = participant(slot);
    const std::uint64_t life = place.life.load(std::memory_order_acquire);
    const std::uint32_t pid = pid_in(place);
    if (goes_on(life) && pid != 0 && (closely || !os::runs(pid))) {
      check_participant({slot, generation_of(life)});
    }
  }
  clear_away_the_dead();
}

/// A place that is reserved for a child of the process in slot `by`, and lapses with that one, or
/// claimed by the process with the number `by`, this one.
Ticket claim_place(std::uint32_t by, Life how) {
  Ticket place = try_claim_place(by, how);
  if (!place && self_if_entered() != nullptr) {
    look_at_everybody();  // some may have ended without anybody's notice
    place = try_claim_place(by, how);
  }
  if (!place) {
    throw RuntimeError(
        "4096 processes of this tree use shared objects already: no place for one more");
  }
  return place;
}

/// What `parent` holds now stays until the process in `child` is cleared away.
void pin(Ticket child, Ticket parent, std::uint64_t born) noexcept {
  Participant& holder = participant(parent.slot);
  Transaction change;
  change.write(participant(child.slot).born, born);
  change.write(participant(child.slot).pinned, parent.word());
  change.write(holder.pins, holder.pins.load(std::memory_order_relaxed) + 1);
}

Self& become(Ticket ticket) {
  auto* const made = new Self;
  made->ticket = ticket;
  made->owner = std::uint64_t{ticket.generation} << 32 | std::uint64_t{ticket.slot} << slot_shift;
  made->before = std::exchange(last_self, made);
  void** const word = os::fork_wiped_word();
  std::atomic_ref<void*>(*word).store(made, std::memory_order_release);  // raw: ours
  self_word.store(word, std::memory_order_release);                      // raw: ours
  return *made;
}

bool go_live(Ticket ticket, Life from) noexcept {
  Participant& place = participant(ticket.slot);
  std::uint64_t life = place.life.load(std::memory_order_acquire);
  return Ticket{ticket.slot, generation_of(life)} == ticket && life_of(life) == from &&
         step::cas(place.life, life, life_word(ticket.generation, 0, Life::live));
}

/// The root, or a child of a fork that was none of ours: nobody has reserved a place.
Self& enter_unannounced() {
  Self* const parent = last_self;
  const bool inherits = parent != nullptr && !is_over(parent->ticket);
  const os::Identity me = os::this_identity();
  const Ticket ticket = claim_place(me.pid, Life::claimed);
  set_identity(ticket, me);
  go_live(ticket, Life::claimed);
  Self& made = become(ticket);
  if (inherits) {
    pin(ticket, parent->ticket, parent->forks.load(std::memory_order_relaxed) + 1);
  }
  return made;
}

}  // namespace

void LifeNote::write(std::uint32_t generation, std::uint64_t value) noexcept {
  const std::uint64_t mask = (std::uint64_t{1} << note_bits) - 1;
  const std::uint64_t note = std::uint64_t{generation} << note_bits | (value & mask);
  std::uint64_t before = word_.load(std::memory_order_relaxed);
  const auto is_later_life = [generation](std::uint64_t word) {
    return static_cast<std::int16_t>((word >> note_bits) - generation) > 0;
  };
  while (!is_later_life(before) && !step::cas(word_, before, note)) {
  }
}

std::uint64_t LifeNote::read(std::uint32_t generation) const noexcept {
  const std::uint64_t word = word_.load(std::memory_order_acquire);
  const bool is_of_this_life = word >> note_bits == (generation & 0xffff);
  return is_of_this_life ? word << (64 - note_bits) >> (64 - note_bits) : 0;
}

std::uint32_t pid_in(const Participant& place) noexcept {
  return identity_in(place).pid;
}

Self& enter_self() {
  arena_base();
  const std::scoped_lock guard(entering);
  if (Self* const entered = self_if_entered(); entered != nullptr) {
    return *entered;
  }
  const Ticket awaited = Ticket::from(std::exchange(awaited_place, 0));
  if (awaited && go_live(awaited, Life::reserved)) {
    return become(awaited);
  }
  Self& entered = enter_unannounced();
  if (entered.ticket.slot % unannounced_between_looks == 0) {
    look_at_everybody();
  }
  return entered;
}

Ticket reserve_participant(bool forks_us) {
  Self& me = self();
  const Ticket child = claim_place(me.ticket.slot, Life::reserved);
  if (forks_us) {
    pin(child, me.ticket, me.forks.fetch_add(1, std::memory_order_relaxed) + 1);  // raw: ours
  }
  return child;
}

Ticket reserve_participant_born(std::uint64_t born) {
  Self& me = self();
  const Ticket child = claim_place(me.ticket.slot, Life::reserved);
  pin(child, me.ticket, born);
  return child;
}

void expect_mail(Ticket child) noexcept {
  step::store(participant(child.slot).mail, 1);
}

void name_participant(Ticket child, int pid) {
  if (participant(child.slot).pid.read(child.generation) == 0) {
    set_identity(child, os::child_identity(pid));
  }
}

void cancel_participant(Ticket child) noexcept {
  note_end(child);
}

void enter_as(Ticket ticket) noexcept {
  if (is_over(ticket)) {
    return;  // who started us died before it could say who we are, and the place is given away
  }
  awaited_place = ticket.word();
  set_identity(ticket, os::this_identity());
}

Ticket this_participant() {
  return self().ticket;
}

void set_exit_code(Ticket ticket, int code) noexcept {
  Participant& place = participant(ticket.slot);
  step::store(place.exit_code, code);
  step::store(place.exit_known, 1, std::memory_order_seq_cst);
  if (place.exit_sleepers.load(std::memory_order_seq_cst) != 0) {
    os::wake_sleepers(place.exit_known, INT_MAX);
  }
}

std::optional<int> exit_code(Ticket ticket) {
  const Participant& place = participant(ticket.slot);
  if (place.exit_known.load(std::memory_order_acquire) == 0) {
    return std::nullopt;
  }
  return place.exit_code.load(std::memory_order_acquire);
}

bool wait_exit_code(Ticket ticket, os::Deadline deadline) {
  Participant& place = participant(ticket.slot);
  while (!exit_code(ticket)) {
    Sleep sleep(place.exit_known, place.exit_sleepers);
    if (sleep.while_equal(0, deadline, long_slice) == Woken::deadline) {
      break;
    }
  }
  return exit_code(ticket).has_value();
}

bool is_over(Ticket ticket) noexcept {
  if (ticket.slot == 0 || ticket.slot > most_participants) {
    return true;
  }
  const std::uint64_t life = participant(ticket.slot).life.load(std::memory_order_seq_cst);
  return generation_of(life) != ticket.generation || !goes_on(life);
}

bool check_participant(Ticket ticket) noexcept {
  if (is_over(ticket)) {
    return true;
  }
  const Self* const me = self_if_entered();
  if (me != nullptr && me->ticket == ticket) {
    return false;
  }
  const os::Identity who = identity_in(participant(ticket.slot));
  if (who.pid == 0 || !os::has_ended(who)) {
    return false;
  }
  step::add(census().ends, 1);
  mark_end(ticket);
  return true;
}

void check_everybody() noexcept {
  const auto now = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                              std::chrono::milliseconds(1));
  std::uint64_t due = census().next_check.load(std::memory_order_relaxed);
  if (now < due || !step::cas(census().next_check, due, now + 1000)) {
    return;
  }
  look_at_everybody();
}

}  // namespace multiprocess::detail
