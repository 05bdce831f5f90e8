// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/doorbell.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/word.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// In the arena, for one direction of a pipe: how its getters may sleep on a descriptor. The kernel
/// then tells them when nobody is left who could put, and they may poll other things as well.
struct BellState {
  OwnedLock lock;                       // of `rung` and of what lies in the socket
  std::atomic<std::uint64_t> rung;      // the getters' descriptor is readable
  std::atomic<std::uint64_t> watchers;  // who sleep on the descriptor, or may; too many when killed
  std::atomic<std::uint64_t> closings;  // how often a getter's descriptor was closed
};

/// One end's view of a BellState. While nobody watches, no system call is made.
///
/// A watched descriptor is readable when items wait. The putter makes it so, the getter that leaves
/// the queue empty undoes it, both under the lock, looking at the queue itself. When one of them is
/// killed in between, a byte too much or none lies there: the first puts the byte there again, the
/// second is found by a watcher that wakes for nothing.
class Bell {
 public:
  /// `seen`: the changes after which this process has last asked for the other end.
  Bell(BellState& state, os::NativeHandle end, std::atomic<std::uint64_t>& seen) noexcept
      : state_(state), end_(end), seen_(seen) {}

  /// Putter: items wait, said with a full barrier before this.
  template <class NotEmpty>
  void ring(NotEmpty not_empty) const noexcept {
    if (state_.watchers.load(std::memory_order_seq_cst) != 0) [[unlikely]] {
      const OwnedGuard guard(state_.lock);
      const bool quiet = state_.rung.load(std::memory_order_relaxed) == 0;
      if ((quiet || guard.from_dead()) && not_empty()) {
        os::ring_doorbell(end_);
        step::store(state_.rung, 1);
      } else if (guard.from_dead()) {
        step::store(state_.rung, 0);
      }
    }
  }

  /// Getter: an item is taken, said with a full barrier before this.
  template <class NotEmpty>
  void item_taken(NotEmpty not_empty) const noexcept {
    // Not rung yet, but watched: the putter may be about to ring for the very item that is taken.
    if (state_.rung.load(std::memory_order_relaxed) != 0 ||
        state_.watchers.load(std::memory_order_seq_cst) != 0) [[unlikely]] {
      settle(not_empty, false);
    }
  }

  /// Getter: takes the bytes out of the socket, unless items wait.
  template <class NotEmpty>
  void silence(NotEmpty not_empty) const noexcept {
    settle(not_empty, true);
  }

  /// Getter: waits until `ready()`: `rung`, even when the putters' end is closed. `quiet` when the
  /// deadline came first, `gone` when that end was closed.
  template <class Ready>
  os::DoorbellState wait(os::Deadline deadline, Ready ready) const;

  /// Getter: from one to the other the descriptor tells of items that come; so look for them after
  /// the first. A watcher who is killed leaves only system calls that need not be.
  void begin_watch() const noexcept { step::add(state_.watchers, 1); }
  void end_watch() const noexcept { step::add(state_.watchers, ~std::uint64_t{0}); }

  /// Putter: whether every descriptor of the getters is closed. Asks the system only when one of
  /// them was closed since it did so last, or a process of the tree has ended.
  bool getters_are_gone() const {
    const std::uint64_t changes = state_.closings.load(std::memory_order_acquire) +
                                  census().ends.load(std::memory_order_acquire);
    return changes != seen_.load(std::memory_order_relaxed) && ask_for_getters(changes);
  }

  /// Putter: the next time the system is asked whatever has happened. For getters may end without a
  /// word: their descriptors tell, and nobody else.
  void ask_again() const noexcept;

  /// Until when one sleeps at most: others may be killed just before they say what is new.
  static os::Deadline look_again() noexcept;

  /// Getter: one of our descriptors is closed.
  void note_closing() const noexcept { step::add(state_.closings, 1); }

 private:
  template <class NotEmpty>
  void settle(NotEmpty not_empty, bool although_not_rung) const noexcept {
    const OwnedGuard guard(state_.lock);
    if (!although_not_rung && !guard.from_dead() &&
        state_.rung.load(std::memory_order_relaxed) == 0) {
      return;
    }
    if (!not_empty()) {
      os::silence_doorbell(end_);
    } else if (!guard.from_dead()) {
      return;
    }
    step::store(state_.rung, 0);
  }

  bool ask_for_getters(std::uint64_t changes) const;

  BellState& state_;
  os::NativeHandle end_;
  std::atomic<std::uint64_t>& seen_;
};

/// Watches while it exists.
template <class Watched>
class Watch {
 public:
  explicit Watch(const Watched& watched) noexcept : watched_(watched) { watched.begin_watch(); }
  ~Watch() { watched_.end_watch(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  const Watched& watched_;
};

template <class Ready>
os::DoorbellState Bell::wait(os::Deadline deadline, Ready ready) const {
  for (Spin spin; deadline != os::at_once && spin.again();) {
    if (ready()) {
      return os::DoorbellState::rung;
    }
  }
  const Watch watch(*this);
  while (!ready()) {
    const os::Deadline slice = look_again();
    const os::DoorbellState found = os::wait_for_doorbell(end_, std::min(deadline, slice));
    if (ready()) {
      break;
    }
    if (found == os::DoorbellState::rung) {
      silence(ready);
    } else if (found == os::DoorbellState::gone || deadline <= slice) {
      return found;
    } else {
      check_everybody();
    }
  }
  return os::DoorbellState::rung;
}

}  // namespace multiprocess::detail
