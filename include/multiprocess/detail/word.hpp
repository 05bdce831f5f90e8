// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/futex.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace multiprocess::detail {

/// A sleeping thread, recorded in the arena: so that a death can wake just the words that somebody
/// sleeps on, and take a killed sleeper out of its count.
struct Sleeper {
  std::atomic<std::uint64_t> owner;    // Ticket of its process, 0: free
  std::atomic<std::uint64_t> word;     // Offset of the word, 0: awake
  std::atomic<std::uint64_t> counter;  // Offset of the count it is part of, 0: not counted for sure
  std::uint64_t unused;
};

inline constexpr std::uint32_t most_sleepers = 1u << 16;

enum class Woken { look_again, deadline, slice };

/// How long a sleep lasts before its thread looks around by itself: the backstop, should a death
/// have swallowed a wake-up and nobody have noticed.
inline constexpr std::chrono::milliseconds long_slice{1000};
inline constexpr std::chrono::milliseconds short_slice{50};
/// For who sleeps alone, so that nobody who is stopped takes its wake-up, with all deaths that
/// matter to it noticed by a warden: to wake up costs.
inline constexpr std::chrono::milliseconds idle_slice{30000};

/// Sleeps while `word` holds `value`; counts itself in `sleepers` before and out after. The caller
/// looks at its condition again whatever this returns. The waking side must change the word (or
/// what the caller's condition reads), then read `sleepers`.
class Sleep {
 public:
  /// Where the count lies. In what may be freed before the sleeper's death is noticed, a killed
  /// sleeper stays counted: nobody may write there then.
  enum class Place { lasting, passing };

  Sleep(std::atomic<std::uint32_t>& word, std::atomic<std::uint32_t>& sleepers,
        Place place = Place::lasting);
  ~Sleep();
  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;

  /// Looks around after `slice`, or sooner than that when no warden does.
  Woken while_equal(std::uint32_t value, os::Deadline deadline,
                    std::chrono::milliseconds slice) noexcept;

 private:
  bool missed_a_broadcast() noexcept;

  std::atomic<std::uint32_t>& word_;
  std::atomic<std::uint32_t>& sleepers_;
  Sleeper* record_;
  bool is_watched_;
  std::uint64_t broadcasts_;  // that were before the caller looked
};

/// A word that changes when something happens, and the count of those who sleep on it.
struct Signal {
  std::atomic<std::uint32_t> word;
  std::atomic<std::uint32_t> sleepers;

  /// Wakes at most `count` sleepers. The change that they wait for was made before, with a full
  /// barrier after it (a lock released by an exchange is one).
  void wake(int count) noexcept;

  /// The value to sleep on for one who is counted already, and looks at his condition after this.
  std::uint32_t before_sleep() noexcept { return word.load(std::memory_order_seq_cst); }
};

/// A signal that does not call again whom it has called: where one process makes changes faster
/// than another one wakes up. A bit of the word says whether anybody went to sleep since all were
/// called.
struct CallingSignal : Signal {
  void wake(int count) noexcept;
  std::uint32_t before_sleep() noexcept;
};

/// Behind so many sleepers nobody spins: what comes next is for others.
inline constexpr std::uint32_t crowd = 8;

/// Waits until `ready()` is true: looks, spins a little, then sleeps on the signal.
/// False when the deadline has passed and it is still false.
template <class AnySignal, class Ready>
bool wait_until(AnySignal& signal, os::Deadline deadline, Ready ready,
                std::chrono::milliseconds slice = long_slice);

/// The same without spinning, for a `ready()` that may itself wait.
template <class AnySignal, class Ready>
bool sleep_until(AnySignal& signal, os::Deadline deadline, Ready ready,
                 std::chrono::milliseconds slice = long_slice);

/// Wakes everybody who sleeps anywhere in the arena: after a death.
void wake_everybody() noexcept;

/// Takes a dead process's sleepers out of their counts.
void forget_sleepers(std::uint64_t owner) noexcept;

/// A spin that is bounded in time and yields, the more often the more others want this CPU; not
/// while others keep it busy. On a machine with one CPU it only yields.
class Spin {
 public:
  /// False when it is time to sleep.
  bool again() noexcept;

  /// The same for a word that several write: one looks less and less often, so that whoever has the
  /// cache line may use it more than once.
  bool again_later() noexcept;

 private:
  int rounds_ = 0;
  int pauses_ = 1;
  std::chrono::steady_clock::time_point end_{};
};

/// For tests only: a mechanism switched off must make the chaos test fail.
struct Cures {
  std::atomic<bool> broadcast{true};
  std::atomic<bool> backstop{true};
};
Cures& cures() noexcept;

template <class AnySignal, class Ready>
bool wait_until(AnySignal& signal, os::Deadline deadline, Ready ready,
                std::chrono::milliseconds slice) {
  for (Spin spin; signal.sleepers.load(std::memory_order_relaxed) < crowd && spin.again();) {
    if (ready()) {
      return true;
    }
  }
  return sleep_until(signal, deadline, ready, slice);
}

template <class AnySignal, class Ready>
bool sleep_until(AnySignal& signal, os::Deadline deadline, Ready ready,
                 std::chrono::milliseconds slice) {
  while (true) {
    Sleep sleep(signal.word, signal.sleepers);
    const std::uint32_t before = signal.before_sleep();
    if (ready()) {
      return true;
    }
    if (sleep.while_equal(before, deadline, slice) == Woken::deadline) {
      return ready();
    }
  }
}

}  // namespace multiprocess::detail
