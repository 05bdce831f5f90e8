// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/sequence.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/lock_calls.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <new>

namespace multiprocess::detail {

namespace {

std::uint64_t part_of_sequence(Offset object) noexcept {
  return owner::part_of(object, 0);
}

/// Killed before: it is to be done again. Killed after: the block is the dead one's, and comes back
/// with the rest.
void destroy_sequence(Offset object) noexcept {
  SequenceState& state = *at<SequenceState>(object);
  const Offset block = state.items.load(std::memory_order_acquire);
  if (block == 0) {
    return;
  }
  {
    Transaction change;
    change.write(state.items, 0);
    change.write(owner_word(block), owner::private_to(self().ticket));
  }
  deallocate(block);
}

const bool known = register_destroy(ObjectType::sequence, &destroy_sequence);

SharedRef make_sequence(std::uint64_t type, std::size_t item_size) {
  const Offset block = allocate(sizeof(SequenceState));
  auto* const state = new (at<SequenceState>(block)) SequenceState{};
  state->type = type;
  state->item_size = item_size;
  return publish_object(block, ObjectType::sequence);
}

}  // namespace

Sequence::Sequence(std::uint64_t type, std::size_t item_size)
    : ref_(make_sequence(type, item_size)) {}

bool Sequence::acquire(Block block, Timeout timeout) const {
  return acquire(effective_timeout(block, timeout));
}

bool Sequence::acquire(Timeout timeout) const {
  RecursiveLock& lock = state().lock;
  if (!acquire_lock(lock, timeout)) {
    return false;
  }
  if (lock.owned().was_taken_over()) [[unlikely]] {
    const Transaction undo_what_the_dead_one_began;
  }
  return true;
}

void Sequence::release() const {
  release_lock(state().lock);
}

Sequence::Hold::Hold(const Sequence& sequence, State accepted) : sequence_(sequence) {
  sequence_.lock();
  const std::uint64_t changer = sequence_.changer();
  if (changer == 0 || (accepted == State::any && changer != this_owner())) {
    return;
  }
  sequence_.release();
  if (changer == this_owner()) {
    throw RuntimeError(
        "this container is being changed by with_lock: there it is only what f was given");
  } else {
    throw OwnerDied(
        "a process died while it changed this container, which is half changed: clear() it, "
        "assign() to it, or mend it in with_lock(f), where f takes the items and a bool");
  }
}

Sequence::Change::Change(const Sequence& sequence)
    : state_(sequence.state()),
      torn_by_(sequence.changer()),
      exceptions_(std::uncaught_exceptions()) {
  step::store(state_.torn, this_owner());
}

Sequence::Change::~Change() {
  const bool fails = std::uncaught_exceptions() > exceptions_;
  step::store(state_.torn, fails ? torn_by_ : 0);
}

std::uint64_t Sequence::changer() const noexcept {
  return state().torn.load(std::memory_order_acquire);
}

std::size_t Sequence::count() const noexcept {
  return state().size.load(std::memory_order_acquire);
}

std::byte* Sequence::data() const noexcept {
  const Offset block = state().items.load(std::memory_order_acquire);
  return block == 0 ? nullptr : at<std::byte>(block);
}

/// The items are in that block, which is private to this process and has them already.
void Sequence::move_to(Offset block, std::size_t capacity, std::size_t size) const {
  SequenceState& state = this->state();
  const Offset before = state.items.load(std::memory_order_relaxed);
  {
    Transaction change;
    change.write(state.items, block);
    change.write(state.capacity, capacity);
    change.write(state.size, size);
    change.write(state.torn, 0);  // it is whole, whatever it was before
    change.write(owner_word(block), part_of_sequence(ref_.offset()));
    if (before != 0) {
      change.write(owner_word(before), owner::private_to(self().ticket));
    }
  }
  if (before != 0) {
    deallocate(before);
  }
}

void Sequence::reserve(std::size_t items) const {
  const SequenceState& state = this->state();
  const std::size_t capacity = state.capacity.load(std::memory_order_relaxed);
  if (items <= capacity) {
    return;
  }
  const std::size_t most =
      static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / state.item_size;
  if (items > most) {
    throw ValueError(fmt::format("{} items are more than any memory", items));
  }
  const std::size_t wanted =
      std::max({items, std::min(2 * capacity, most), std::size_t{64} / state.item_size});
  const Offset block = allocate(wanted * state.item_size);
  if (count() != 0) {
    std::memcpy(at<std::byte>(block), data(), count() * state.item_size);
  }
  move_to(block, wanted, count());
}

std::byte* Sequence::extend(std::size_t items) const {
  reserve(count() + items);
  return data() + count() * state().item_size;
}

void Sequence::set_count(std::size_t items) const {
  step::store(state().size, items);
}

void Sequence::replace(const void* items, std::size_t count) const {
  const std::size_t size = count * state().item_size;
  const std::size_t bytes = std::max(size, std::size_t{64});
  const Offset block = allocate(bytes);
  if (size != 0) {
    std::memcpy(at<std::byte>(block), items, size);
  }
  move_to(block, bytes / state().item_size, count);
}

std::byte* Sequence::open_gap(std::size_t index) const {
  const std::size_t size = state().item_size;
  std::byte* const gap = data() + index * size;
  std::memmove(gap + size, gap, (count() - index) * size);
  return gap;
}

void Sequence::close_gap(std::size_t index) const {
  const std::size_t size = state().item_size;
  std::byte* const gap = data() + index * size;
  std::memmove(gap, gap + size, (count() - index - 1) * size);
}

void Sequence::require_sequence(const SharedRef& received, std::uint64_t type,
                                std::string_view name) {
  require_type(received, ObjectType::sequence);
  if (static_cast<const SequenceState*>(received.address())->type != type) {
    throw TypeError(fmt::format("the message holds another container, not a '{}'", readable(name)));
  }
}

std::string Sequence::sequence_repr(std::string_view class_name, std::string_view item) const {
  return fmt::format("<{} of {} at {:#x}>", class_name, readable(item), ref_.offset());
}

}  // namespace multiprocess::detail
