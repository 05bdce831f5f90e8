// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/holders.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/step.hpp>

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace multiprocess::detail {

namespace {

Holding* find_of(HoldingBlock& first, std::uint64_t ticket) {
  return find_entry(first, [ticket](const Holding& holding) {
    return holding.ticket.load(std::memory_order_acquire) == ticket;
  });
}

std::uint64_t owner_of_blocks(Offset object) {
  return owner::part_of(object, Holders::tag);
}

/// Which objects this process has something of; some may have ended since, and their places may be
/// those of others.
void remember(Self& me, Offset object) {
  const std::scoped_lock guard(me.account_lock);
  std::vector<Offset>& held = me.held;
  if (held.size() == held.capacity()) {
    std::sort(held.begin(), held.end());
    held.erase(std::unique(held.begin(), held.end()), held.end());
  }
  held.push_back(object);
}

bool begins_with_holdings(const SharedRef& ref) {
  const auto type = static_cast<ObjectType>(owner::type(owner_word(ref.offset()).load()));
  return type == ObjectType::semaphore || type == ObjectType::barrier;
}

void empty_own_holding(Offset place) {
  const SharedRef ref = find_reference(place);
  if (!ref || !begins_with_holdings(ref)) {
    return;
  }
  if (Holding* const mine = Holders(ref).find(); mine != nullptr) {
    empty(*mine);
  }
}

}  // namespace

Holding* Holders::look_up() const {
  Holding* const holding = find_of(first_, self().ticket.word());
  if (holding != nullptr) {
    control_.hand.store(offset_of(holding), std::memory_order_relaxed);  // raw: ours
  }
  return holding;
}

Holding& Holders::own() const {
  if (Holding* const mine = find(); mine != nullptr) {
    return *mine;
  }
  constexpr std::uint64_t nobody = 0;
  Holding* free = find_of(first_, nobody);
  if (free == nullptr) {
    add_entries(first_, owner_of_blocks(control_.object));
    free = find_of(first_, nobody);
  }
  Self& me = self();
  remember(me, control_.object);
  step::store(free->what, 0);  // a thread of a process that was ending may have come late
  step::store(free->ticket, me.ticket.word());
  control_.hand.store(offset_of(free), std::memory_order_relaxed);  // raw: ours
  return *free;
}

void Holders::destroy(Offset object) noexcept {
  free_entries(*at<HoldingBlock>(object), owner_of_blocks(object));
}

void empty(Holding& holding) noexcept {
  step::store(holding.what, 0);
  step::store(holding.ticket, 0);
}

void empty_own_holdings() noexcept {
  Self& me = self();
  std::vector<Offset> held;
  {
    const std::scoped_lock guard(me.account_lock);
    held = std::exchange(me.held, {});
  }
  for (const Offset place : held) {
    try {
      empty_own_holding(place);
    } catch (const std::bad_alloc&) {
      // No room for a reference: it will count as what a killed process had.
    }
  }
}

}  // namespace multiprocess::detail
