// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/entries.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// What one process has of an object: units of a semaphore, its place in a barrier.
struct alignas(64) Holding {
  std::atomic<std::uint64_t> ticket;  // 0: nobody's, and `what` is 0
  std::atomic<std::uint64_t> what;
};

using HoldingBlock = EntryBlock<Holding, 3>;

/// What processes have of one object, which begins with a HoldingBlock. A holding is given to a
/// process under a lock of the object; then that process changes it, without one.
///
/// A process that comes to its exit steps empties its own. So a holding whose process is over tells
/// what somebody had who was killed.
class Holders {
 public:
  static constexpr std::uint64_t tag = owner::tag_mask - 2;

  explicit Holders(const SharedRef& ref) noexcept
      : first_(*static_cast<HoldingBlock*>(ref.address())), control_(*ref.control()) {}

  /// This process's, when this handle has met it before; else null.
  Holding* known() const noexcept {
    const Offset known = known_place();
    const Self* const me = self_if_entered();
    if (known == 0 || me == nullptr) {
      return nullptr;
    }
    // The object is there, so the arena is open.
    auto* const holding =
        reinterpret_cast<Holding*>(arena_data.load(std::memory_order_relaxed) + known);
    // Or the parent's, in a forked child.
    return holding->ticket.load(std::memory_order_relaxed) == me->ticket.word() ? holding : nullptr;
  }

  /// Where that lies.
  Offset known_place() const noexcept { return control_.hand.load(std::memory_order_relaxed); }

  /// This process's, when it has one; else null.
  Holding* find() const {
    Holding* const holding = known();
    return holding != nullptr ? holding : look_up();
  }

  /// This process's; it has one from now on. Under the object's lock. std::bad_alloc when memory is
  /// short.
  Holding& own() const;

  template <class Use>
  void for_each(Use use) const {
    for_each_entry(first_, use);
  }

  /// True when `wanted(ticket, holding)` is for somebody's holding.
  template <class Wanted>
  bool any(Wanted wanted) const {
    return find_entry(first_, [&wanted](const Holding& holding) {
             const std::uint64_t ticket = holding.ticket.load(std::memory_order_acquire);
             return ticket != 0 && wanted(Ticket::from(ticket), holding);
           }) != nullptr;
  }

  /// Frees what an object that ends has of them besides its own block.
  static void destroy(Offset object) noexcept;

 private:
  Holding* look_up() const;

  HoldingBlock& first_;
  RefControl& control_;
};

/// Nobody has it any more. Under the object's lock, or by the process whose it is.
void empty(Holding& holding) noexcept;

/// Exit step: this process has nothing of any object any more.
void empty_own_holdings() noexcept;

}  // namespace multiprocess::detail
