// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/account.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace multiprocess::detail {

namespace {

constinit std::array<Destroy, 256> destroyers{};

/// What a reference says that no child inherits, where others say how many forks came before it.
constexpr std::uint64_t after_all_forks = UINT64_MAX;

const char* name_of(ObjectType type) noexcept {
  switch (type) {
    case ObjectType::queue:
      return "a queue";
    case ObjectType::lock:
      return "a lock";
    case ObjectType::parcel:
      return "a descriptor";
    case ObjectType::pipe:
      return "the end of a pipe";
    case ObjectType::rlock:
      return "a recursive lock";
    case ObjectType::semaphore:
      return "a semaphore";
    case ObjectType::condition:
      return "a condition";
    case ObjectType::event:
      return "an event";
    case ObjectType::barrier:
      return "a barrier";
    case ObjectType::items:
      return "shared data";
    case ObjectType::sequence:
      return "a shared container";
    case ObjectType::name:
      return "shared memory with a name";
    case ObjectType::pool:
      return "a pool";
    case ObjectType::desk:
      return "a manager";
    case ObjectType::cell:
      return "a proxy";
    case ObjectType::bytes:
      return "what belongs to a descriptor";
    case ObjectType::plain:
      break;
  }
  return "another shared object";
}

RefEntry& entry_at(Self& me, std::uint32_t index) {
  return at<AccountBlock>(me.account_blocks[index / AccountBlock::most])
      ->entries[index % AccountBlock::most];
}

/// The new block is reachable from the account before anything stands in it.
void add_account_block(Self& me) {
  const Offset block = allocate(sizeof(AccountBlock));
  auto* const made = new (at<AccountBlock>(block)) AccountBlock{};
  Participant& place = participant(me.ticket.slot);
  step::store(made->next, place.account.load(std::memory_order_relaxed));
  step::store(place.account, block);
  const auto first = static_cast<std::uint32_t>(me.account_blocks.size()) * AccountBlock::most;
  me.account_blocks.push_back(block);
  for (std::uint32_t i = AccountBlock::most; i-- > 0;) {
    me.free_entries.push_back(first + i);
  }
}

std::uint32_t take_entry(Self& me) {
  if (me.free_entries.empty()) {
    add_account_block(me);
  }
  const std::uint32_t entry = me.free_entries.back();
  me.free_entries.pop_back();
  return entry;
}

[[noreturn]] void throw_gone() {
  throw RuntimeError("the shared object is gone: its last handle was dropped");
}

/// Counts one more reference, held by `entry`, when an object begins at that place.
bool add_reference_if_there(RefEntry& entry, Offset place) {
  Transaction change;
  const std::uint64_t before = owner_of_former(place);
  if (owner::kind(before) != owner::Kind::object) {
    return false;
  }
  change.write(owner_word(place), before + 1);
  change.write(entry, place);
  return true;
}

RefControl* make_control(const Self& me, std::uint32_t entry, Offset object) {
  auto* const control = new RefControl;
  control->entry = entry;
  control->holder = me.ticket.word();
  control->created = me.forks.load(std::memory_order_relaxed);
  control->object = object;
  return control;
}

/// Birth of the youngest child that still inherits from us.
std::uint64_t newest_pin(Ticket holder) noexcept {
  std::uint64_t newest = 0;
  const std::uint64_t last = census().high_water.load(std::memory_order_acquire);
  for (std::uint32_t slot = 1; slot <= last; ++slot) {
    if (participant(slot).pinned.load(std::memory_order_acquire) == holder.word()) {
      newest = std::max(newest, participant(slot).born.load(std::memory_order_relaxed));
    }
  }
  return newest;
}

void drop_entry(Self& me, std::uint32_t entry) noexcept {
  drop_reference(entry_at(me, entry));
  me.free_entries.push_back(entry);
}

/// Drops what only children that have ended by now inherited.
void unpin(Self& me) noexcept {
  me.newest_pin = newest_pin(me.ticket);
  // A child of a plain fork says itself when it was born: it inherits nothing from now on.
  std::uint64_t forks = me.forks.load(std::memory_order_relaxed);
  while (forks < me.newest_pin &&
         !me.forks.compare_exchange_weak(forks, me.newest_pin)) {  // raw: ours
  }
  std::erase_if(me.pinned, [&me](const PinnedEntry& kept) {
    if (kept.created < me.newest_pin) {
      return false;
    }
    drop_entry(me, kept.entry);
    return true;
  });
}

/// Looks at who inherits from us if that has changed. Each birth and each end adds 1 to the sum.
void refresh_pins(Self& me) noexcept {
  const Participant& place = participant(me.ticket.slot);
  const std::uint64_t pins = place.pins.load(std::memory_order_acquire);
  const std::uint64_t changes = pins + 2 * place.unpins.load(std::memory_order_acquire);
  if (changes != me.pin_changes_seen) {
    me.pin_changes_seen = changes;
    unpin(me);
  }
}

bool is_inherited_by_a_child(Self& me, std::uint64_t created) noexcept {
  refresh_pins(me);
  return created < me.newest_pin;
}

/// Where the thread that ends an object puts off the ends that follow from it: a queue may hold the
/// last reference to another one, and so on, deeper than any stack.
constinit thread_local std::vector<Offset>* to_end = nullptr;

/// Should this process be killed meanwhile: the block is private to the dead, and still a dying
/// one.
bool put_off(Offset block) noexcept {
  if (to_end == nullptr) {
    return false;
  }
  try {
    to_end->push_back(block);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void end_now(Offset block) noexcept {
  const auto type = owner::dying_type(owner_word(block).load(std::memory_order_acquire));
  if (destroyers[type] != nullptr) {
    destroyers[type](block);
  }
  reclaim(block);
}

}  // namespace

bool register_destroy(ObjectType type, Destroy destroy) noexcept {
  destroyers[static_cast<std::size_t>(type)] = destroy;
  return true;
}

SharedRef publish_object(Offset block, ObjectType type) {
  Self& me = self();
  const std::scoped_lock guard(me.account_lock);
  const std::uint32_t entry = take_entry(me);
  RefControl* const control = make_control(me, entry, block);
  // Killed between the two stores: the entry names a block that is no object and is passed over.
  step::store(entry_at(me, entry), block);
  step::store(owner_word(block), owner::object(static_cast<std::uint32_t>(type), 1));
  return {control, at<std::byte>(block)};
}

SharedRef find_reference(Offset place) {
  Self& me = self();
  const std::scoped_lock guard(me.account_lock);
  const std::uint32_t entry = take_entry(me);
  std::unique_ptr<RefControl> control(make_control(me, entry, place));
  if (!add_reference_if_there(entry_at(me, entry), place)) {
    me.free_entries.push_back(entry);
    return {};
  }
  return {control.release(), at<std::byte>(place)};
}

SharedRef take_reference(Offset object) {
  SharedRef ref = find_reference(object);
  if (!ref) {
    throw_gone();
  }
  return ref;
}

SharedRef take_own_reference(Offset object) {
  SharedRef ref = take_reference(object);
  ref.control()->created = after_all_forks;
  return ref;
}

bool is_of_type(const SharedRef& ref, ObjectType type) noexcept {
  return ref && owner::type(owner_word(ref.offset()).load(std::memory_order_acquire)) ==
                    static_cast<std::uint32_t>(type);
}

void require_type(const SharedRef& ref, ObjectType type) {
  const std::uint64_t word = owner_word(ref.offset()).load(std::memory_order_relaxed);
  const auto found = static_cast<ObjectType>(owner::type(word));
  if (found != type) {
    throw TypeError(fmt::format("the message holds {}, not {}", name_of(found), name_of(type)));
  }
}

void add_reference(RefEntry& entry, Offset object) {
  if (!add_reference_if_there(entry, object)) {
    throw_gone();
  }
}

void drop_reference(RefEntry& entry) noexcept {
  const Offset object = entry.load(std::memory_order_acquire);
  if (object == 0) {
    return;
  }
  auto& word = owner_word(object);
  bool last = false;
  {
    Transaction change;
    const std::uint64_t before = word.load(std::memory_order_relaxed);
    change.write(entry, 0);
    if (owner::kind(before) == owner::Kind::object) {
      last = owner::references(before) == 1;
      change.write(word, last ? owner::dying(self().ticket, owner::type(before)) : before - 1);
    }
  }
  if (last) {
    end_object(object);
  }
}

void end_object(Offset block) noexcept {
  if (put_off(block)) {
    return;
  }
  std::vector<Offset> others;
  std::vector<Offset>* const outer = std::exchange(to_end, &others);
  end_now(block);
  while (!others.empty()) {
    const Offset next = others.back();
    others.pop_back();
    end_now(next);
  }
  to_end = outer;
}

void SharedRef::give_back(RefControl* control) noexcept {
  Self* const me = self_if_entered();
  // In a forked child the entry is the parent's, and our place pins it there; after the last exit
  // step everything has been given back already.
  if (me != nullptr && me->ticket.word() == control->holder) {
    const std::scoped_lock guard(me->account_lock);
    if (me->account_blocks.empty()) {
      // We are leaving: it goes with everything of this process.
    } else if (is_inherited_by_a_child(*me, control->created)) {
      try {
        me->pinned.push_back({control->entry, control->created});
      } catch (const std::bad_alloc&) {  // then it is given back with everything of this process
      }
    } else {
      drop_entry(*me, control->entry);
    }
  }
  delete control;
}

void drop_what_was_inherited() noexcept {
  Self* const me = self_if_entered();
  if (me == nullptr || holds_private_lock()) {
    return;
  }
  const std::scoped_lock guard(me->account_lock);
  refresh_pins(*me);
}

void drop_account(Participant& place) noexcept {
  for (Offset block = place.account.load(std::memory_order_acquire); block != 0;) {
    auto* const account = at<AccountBlock>(block);
    for (RefEntry& entry : account->entries) {
      drop_reference(entry);
    }
    block = account->next.load(std::memory_order_acquire);
  }
  // Its blocks are freed next, and then are somebody else's: nobody may come here again.
  step::store(place.account, 0);
}

}  // namespace multiprocess::detail
