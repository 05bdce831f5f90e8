// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/magazines.hpp>

#include <multiprocess/detail/journal.hpp>
#include <multiprocess/detail/word.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace multiprocess::detail {

static_assert(sizeof(Magazines) == 192);
static_assert(area::participants + (most_participants + 1) * sizeof(Participant) <=
              area::magazines);
static_assert(area::magazines + (most_participants + 1) * sizeof(Magazines) <= area::sleepers);

static_assert((Offset{1} << 36) / 64 <= Offset{1} << 32, "a chain names every block");

/// From a dead process.
bool HeldMagazines::take_over(Ticket me) noexcept {
  std::uint64_t word = all_.holder.load(std::memory_order_acquire);
  if (word == 0 || !check_participant(Ticket::from(word)) ||
      !step::cas(all_.holder, word, me.word())) {
    return false;
  }
  const Transaction undo_what_the_dead_one_began;
  return true;
}

bool HeldMagazines::take_slowly(Ticket me, os::Deadline deadline) noexcept {
  constexpr std::chrono::milliseconds between_looks{1};
  for (Spin spin; spin.again();) {
    if (all_.holder.load(std::memory_order_relaxed) == 0 && try_take(me)) {
      return true;
    }
  }
  while (!take_over(me) && !try_take(me)) {
    const auto now = std::chrono::steady_clock::now();
    if (deadline <= now) {
      return false;
    }
    std::this_thread::sleep_until(std::min(deadline, now + between_looks));
  }
  return true;
}

void HeldMagazines::forget() noexcept {
  for (auto& chain : all_.kept) {
    step::store(chain, 0);
  }
}

}  // namespace multiprocess::detail
