// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <ostream>
#include <thread>
#include <vector>

namespace multiprocess::test {

/// What is in use in the arena; the same before and after when nothing leaks.
struct Use {
  std::uint64_t objects = 0;
  std::uint64_t parts = 0;
  std::uint64_t private_blocks = 0;

  friend bool operator==(const Use&, const Use&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Use& use) {
    return out << use.objects << " objects, " << use.parts << " parts, " << use.private_blocks
               << " private blocks";
  }
};

/// Without the blocks that this process keeps for reuse.
inline Use use_now() {
  detail::this_participant();
  detail::return_magazines();
  const detail::HeapUse use = detail::heap_use();
  return {use.objects, use.parts, use.private_blocks};
}

/// Asks the system about every participant and clears away after those that have ended.
inline void notice_deaths() {
  const std::uint64_t last = detail::census().high_water.load();
  for (std::uint32_t slot = 1; slot <= last; ++slot) {
    const std::uint64_t life = detail::participant(slot).life.load();
    detail::check_participant({slot, static_cast<std::uint32_t>(life >> 32)});
  }
  detail::clear_away_the_dead();
}

/// The place of the process with this number, once it has one.
inline std::optional<detail::Ticket> ticket_of(int pid) {
  const std::uint64_t last = detail::census().high_water.load();
  for (std::uint32_t slot = 1; slot <= last; ++slot) {
    const detail::Participant& place = detail::participant(slot);
    if (detail::pid_in(place) == static_cast<std::uint32_t>(pid)) {
      return detail::Ticket{slot, static_cast<std::uint32_t>(place.life.load() >> 32)};
    }
  }
  return std::nullopt;
}

/// A T in shared memory, private to the test.
template <class T>
class InArena {
 public:
  InArena() : block_(detail::allocate(sizeof(T))), object_(*new (detail::at<T>(block_)) T{}) {}
  ~InArena() { detail::deallocate(block_); }
  InArena(const InArena&) = delete;
  InArena& operator=(const InArena&) = delete;

  T& operator*() const { return object_; }
  T* operator->() const { return &object_; }

 private:
  detail::Offset block_;
  T& object_;
};

/// Looks until it is so: for what another thread or process is about to do.
template <class Condition>
void until(Condition condition) {
  while (!condition()) {
    std::this_thread::yield();
  }
}

/// Runs `body(number)` in so many threads at once and waits for them.
template <class F>
void in_threads(int count, F body) {
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&body, i] { body(i); });
  }
}

}  // namespace multiprocess::test
