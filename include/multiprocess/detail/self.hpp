// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/participants.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace multiprocess::detail {

/// While one exists, this thread does not clear away after the dead: it holds what that needs.
class Unrepaired {
 public:
  Unrepaired() noexcept { ++depth_; }
  ~Unrepaired() { --depth_; }
  Unrepaired(const Unrepaired&) = delete;
  Unrepaired& operator=(const Unrepaired&) = delete;

 private:
  friend class PrivateLock;
  friend bool holds_private_lock() noexcept;
  static inline constinit thread_local int depth_ = 0;
};

inline bool holds_private_lock() noexcept {
  return Unrepaired::depth_ != 0;
}

/// A lock among the threads of this process that no forked child inherits: it lives in Self.
class PrivateLock {
 public:
  void lock() noexcept {
    ++Unrepaired::depth_;
    if (held_.exchange(true, std::memory_order_acquire)) [[unlikely]] {
      lock_slowly();
    }
  }
  void unlock() noexcept {
    held_.store(false, std::memory_order_release);
    --Unrepaired::depth_;
  }
  /// In a forked child, in place of unlock: the lock is the parent's, and its page shared yet.
  static void forget() noexcept { --Unrepaired::depth_; }

 private:
  void lock_slowly() noexcept;

  std::atomic<bool> held_{false};
};

struct Warden;

/// A reference dropped here that a forked child still inherits.
struct PinnedEntry {
  std::uint32_t entry;
  std::uint64_t created;  // our count of forks when the reference was taken
};

/// This process's private side of its participation. A forked child gets a new one, whoever forked
/// and how: the word that points here reads as null there.
struct Self {
  Ticket ticket;
  std::uint64_t owner = 0;  // what a lock held by this process says, without the thread

  PrivateLock account_lock;
  std::vector<Offset> account_blocks;
  std::vector<std::uint32_t> free_entries;
  std::vector<PinnedEntry> pinned;
  std::vector<Offset> held;      // objects that this process has a Holding of
  std::uint64_t newest_pin = 0;  // the youngest forked child that lives was born at this count
  std::uint64_t pin_changes_seen = 0;
  std::atomic<std::uint64_t> forks{0};

  PrivateLock desks_lock;
  std::vector<Offset> desks;  // of managers, one entry for each place that a thread has there

  PrivateLock warden_lock;
  Warden* warden = nullptr;
  std::atomic<int> library_threads{0};

  Self* before = nullptr;  // in a forked child the parent's: whoever forked may still look at it
};

/// Where the pointer to Self stands; null until the first use.
extern constinit std::atomic<void**> self_word;

/// The slow way: first use in this process.
Self& enter_self();

/// Null when this process has not used the arena (or has left it).
inline Self* self_if_entered() noexcept {
  void** const word = self_word.load(std::memory_order_acquire);
  return word == nullptr
             ? nullptr
             : static_cast<Self*>(std::atomic_ref<void*>(*word).load(std::memory_order_acquire));
}

inline Self& self() {
  Self* const entered = self_if_entered();
  return entered != nullptr ? *entered : enter_self();
}

inline constinit thread_local std::uint32_t thread_number_cache = 0;

std::uint32_t assign_thread_number() noexcept;

/// A small number, from 1, that no other living thread of this process has.
inline std::uint32_t thread_number() noexcept {
  return thread_number_cache != 0 ? thread_number_cache : assign_thread_number();
}

/// What a lock says that this thread holds: generation, slot, thread, two flag bits.
inline constexpr unsigned thread_shift = 2;
inline constexpr unsigned slot_shift = 19;

inline std::uint64_t this_owner() {
  return self().owner | std::uint64_t{thread_number()} << thread_shift;
}

inline Ticket ticket_of_owner(std::uint64_t owner) noexcept {
  return {static_cast<std::uint32_t>(owner) >> slot_shift, static_cast<std::uint32_t>(owner >> 32)};
}

inline std::uint32_t thread_of_owner(std::uint64_t owner) noexcept {
  return static_cast<std::uint32_t>(owner) << (32 - slot_shift) >> (32 - slot_shift) >>
         thread_shift;
}

}  // namespace multiprocess::detail
