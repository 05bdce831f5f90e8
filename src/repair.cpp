// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/repair.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/holders.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/magazines.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/detail/word.hpp>

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace multiprocess::detail {

namespace {

constinit std::atomic<bool> left{false};
constinit std::atomic<std::uint64_t> awaited{0};  // Ticket that this process had when it said so

void free_private_block(Offset block) noexcept {
  const std::uint64_t word = owner_word(block).load(std::memory_order_acquire);
  if ((word & owner::dying_flag) != 0) {
    end_object(block);
  } else if ((word & owner::message_flag) != 0) {
    Message::drop(block);
  } else {
    reclaim(block);
  }
}

/// Everything that is private to a dead participant, account blocks included.
void free_private_blocks(Ticket who) noexcept {
  const std::uint64_t wanted = owner::private_to(who);
  const auto is_theirs = [](std::uint64_t word, const void* context) {
    return owner::kind(word) == owner::Kind::private_block &&
           owner::holder(word) == owner::holder(*static_cast<const std::uint64_t*>(context));
  };
  for (const Offset block : find_blocks(is_theirs, &wanted)) {
    free_private_block(block);
  }
}

void release_pin(Participant& place) noexcept {
  const Ticket parent = Ticket::from(place.pinned.load(std::memory_order_acquire));
  if (!parent) {
    return;
  }
  Participant& holder = participant(parent.slot);
  Transaction change;
  change.write(place.pinned, 0);
  change.write(holder.pins, holder.pins.load(std::memory_order_relaxed) - 1);
  change.write(holder.unpins, holder.unpins.load(std::memory_order_relaxed) + 1);
}

/// Only a process that has used the arena, or was handed a message, can have left anything there.
void give_back_holdings(Participant& place, Ticket who) noexcept {
  forget_sleepers(who.word());
  drop_account(place);
  // Nobody takes from there any more what is freed now.
  HeldMagazines(magazines_of(who.slot)).forget();
  free_private_blocks(who);
}

void free_place(std::uint32_t slot, std::uint64_t life) noexcept {
  Participant& place = participant(slot);
  for (LifeNote* note : {&place.pid, &place.seen, &place.image}) {
    note->write(generation_of(life), 0);  // the notes keep up with the lives
  }
  for (auto* word : {&place.born, &place.unpins, &place.account, &place.mail}) {
    step::store(*word, 0);
  }
  step::store(place.life, life_word(generation_of(life), 0, Life::free), std::memory_order_seq_cst);
  step::store(census().hint, slot - 1);
}

/// Children that `slot` was about to start when it ended: nobody will.
void end_reservations(std::uint32_t slot) noexcept {
  const std::uint64_t last = census().high_water.load(std::memory_order_acquire);
  for (std::uint32_t child = 1; child <= last; ++child) {
    Participant& place = participant(child);
    std::uint64_t life = place.life.load(std::memory_order_acquire);
    if (life_of(life) == Life::reserved && reserver_of(life) == slot &&
        place.pid.read(generation_of(life)) == 0) {
      step::cas(place.life, life, life_word(generation_of(life), 0, Life::dead));
    }
  }
}

/// True when something was cleared away: then others may have become free to go.
bool clear_place(std::uint32_t slot) noexcept {
  Participant& place = participant(slot);
  const std::uint64_t life = place.life.load(std::memory_order_acquire);
  if (life_of(life) != Life::dead && life_of(life) != Life::left) {
    return false;
  }
  end_reservations(slot);
  if (place.pins.load(std::memory_order_acquire) != 0) {
    return false;
  }
  if (life_of(life) == Life::dead) {
    give_back_holdings(place, {slot, generation_of(life)});
  }
  release_pin(place);
  free_place(slot, life);
  return true;
}

}  // namespace

void clear_away_the_dead() noexcept {
  if (holds_private_lock()) {
    return;  // deep inside the heap: somebody who is not clears away soon
  }
  {
    const Unrepaired not_again_below;
    const OwnedGuard one_at_a_time(*at<OwnedLock>(area::repair));
    { const Transaction undo_what_a_dead_one_began; }
    const std::uint64_t last = census().high_water.load(std::memory_order_acquire);
    for (bool more = true; std::exchange(more, false);) {
      for (std::uint32_t slot = 1; slot <= last; ++slot) {
        more = clear_place(slot) || more;
      }
    }
  }
  drop_what_was_inherited();
}

bool mark_end(Ticket ticket) noexcept {
  Participant& place = participant(ticket.slot);
  std::uint64_t life = place.life.load(std::memory_order_acquire);
  while (generation_of(life) == ticket.generation && goes_on(life)) {
    const bool was_live = life_of(life) == Life::live;
    // A forked child that never used the arena holds nothing there: no need to search it.
    const bool clean = !was_live && place.pinned.load(std::memory_order_acquire) != 0 &&
                       place.mail.load(std::memory_order_acquire) == 0;
    if (step::cas(place.life, life,
                  life_word(ticket.generation, 0, clean ? Life::left : Life::dead))) {
      wake_everybody();
      return true;
    }
  }
  return generation_of(life) == ticket.generation && life_of(life) != Life::free;
}

void note_end(Ticket ticket) noexcept {
  step::add(census().ends, 1);  // also of who had left before: now its descriptors are closed
  if (mark_end(ticket)) {
    clear_away_the_dead();
  }
  tell_listeners();
}

void expect_our_end() noexcept {
  awaited.store(self().ticket.word(), std::memory_order_relaxed);  // raw: ours
}

namespace {

/// From now on no thread gives anything back by itself: the warden may be about to.
std::vector<Offset> close_account(Self& me) noexcept {
  const std::scoped_lock guard(me.account_lock);
  me.pinned.clear();
  return std::exchange(me.account_blocks, {});
}

}  // namespace

void leave_participant() noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr) {
    return;
  }
  empty_own_holdings();
  if (os::thread_count() - library_threads() > 1) {
    return;  // others may hold something until the process is gone: its end will be noticed
  }
  Participant& place = participant(me->ticket.slot);
  if (place.pins.load(std::memory_order_acquire) == 0) {
    const std::vector<Offset> blocks = close_account(*me);
    drop_account(place);
    // The chain of account blocks is private: it goes with the rest.
    for (const Offset block : blocks) {
      deallocate(block);
    }
    return_magazines();
    forget_sleepers(me->ticket.word());
    std::uint64_t life = place.life.load(std::memory_order_acquire);
    step::cas(place.life, life, life_word(me->ticket.generation, 0, Life::left));
    if (awaited.load(std::memory_order_relaxed) == me->ticket.word()) {
      wake_everybody();
    }
  }
  std::atomic_ref<void*>(*self_word.load()).store(nullptr, std::memory_order_release);  // raw: ours
  left.store(true, std::memory_order_relaxed);                                          // raw: ours
}

bool has_left() noexcept {
  return left.load(std::memory_order_relaxed);
}

}  // namespace multiprocess::detail
