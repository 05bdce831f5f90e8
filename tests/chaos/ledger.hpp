// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "chaos/goods.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace multiprocess::test {

/// What happened, as the processes note it that did it; in memory that has nothing to do with the
/// library's.
class Ledger {
 public:
  static constexpr std::uint32_t most_producers = 16384;
  static constexpr std::uint32_t most_items = 256;  // of one producer
  static constexpr std::uint32_t most_getters = 16384;

  struct Producer {
    std::atomic<std::uint32_t> begun;         // items that it has tried to put
    std::atomic<std::uint32_t> acknowledged;  // items whose put has returned
    std::atomic<std::uint32_t> shortages;     // of memory or descriptors: puts that threw
  };

  /// How far a job is, in `received`.
  static constexpr std::uint8_t taken = 1;
  static constexpr std::uint8_t saying = 2;  // that it is done
  static constexpr std::uint8_t said = 3;

  struct Pages {
    std::atomic<std::uint64_t> traffic;  // puts and gets that succeeded
    std::atomic<std::uint64_t> holdings;
    std::atomic<std::uint64_t> allocations;
    std::atomic<std::uint64_t> clearings;
    std::atomic<std::uint64_t> shortages;  // of memory
    std::atomic<std::uint32_t> holder;     // who is in the section that the lock guards
    std::atomic<std::uint32_t> faults;
    std::array<char, 256> first_fault;
    std::array<Producer, most_producers> producers;
    std::array<std::atomic<std::uint32_t>, most_getters> reaching;  // 1: may have an item in hand
    std::array<std::atomic<std::uint32_t>, most_getters> began;     // 1: is at work
    // When, by the steady clock: its last message, and its end.
    std::array<std::atomic<std::int64_t>, most_getters> latest;
    std::array<std::atomic<std::int64_t>, most_getters> ended;
    std::array<std::atomic<std::int64_t>, most_getters> waited;  // waited_for_cpu() at its end
    std::array<std::array<std::atomic<std::uint8_t>, most_items>, most_producers> received;
  };

  /// A new one, or the one that another process made.
  Ledger();
  explicit Ledger(const std::string& path);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// For processes that are no copies of this one.
  std::string path() const;

  Pages* operator->() const noexcept { return pages_; }

  void note_fault(const std::string& what) const;

  /// Between these two this thread gets: `reaching` tells from when on an item may be in its hand
  /// that the ledger does not know. Where the library calls before its steps that is the one that
  /// takes the item; else it is the whole get.
  void reach(std::uint32_t getter) const noexcept;
  void rest(std::uint32_t getter) const noexcept;
#ifdef MULTIPROCESS_CRASH_POINTS
  static constexpr bool knows_hands = true;
#else
  static constexpr bool knows_hands = false;
#endif

  struct Sums {
    std::uint64_t acknowledged = 0;
    std::uint64_t received = 0;
    std::uint64_t missing = 0;  // acknowledged and not received
  };
  Sums sums() const;

 private:
  int file_;
  Pages* pages_;
};

/// Checks what one getter receives.
class Receipt {
 public:
  Receipt(const Ledger& ledger, std::uint32_t getter);

  void reach() const noexcept { ledger_.reach(getter_); }
  void rest() const noexcept { ledger_.rest(getter_); }
  /// An item has arrived: whole, from who has sent it, once, and after those before it. It is read
  /// once it is noted, so that it is in the hand for a moment only.
  template <class T>
  void note(const T& item) {
    note_label(Goods<T>::label(item));
    rest();
    if (!Goods<T>::read(item)) {
      ledger_.note_fault("torn: an item that is not whole");
    }
  }

 private:
  void note_label(const Stamp& stamp);

  const Ledger& ledger_;
  std::uint32_t getter_;
  std::vector<std::uint32_t> next_;
};

}  // namespace multiprocess::test
