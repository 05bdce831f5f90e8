// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/owned_lock.hpp>

#include <array>
#include <atomic>
#include <cstdint>

namespace multiprocess::detail {

/// The undo log of the one transaction that is under way in the arena.
struct JournalArea {
  static constexpr std::uint64_t most_entries = 1024;
  struct Entry {
    std::atomic<std::uint64_t> where;
    std::atomic<std::uint64_t> before;
  };
  alignas(64) OwnedLock lock;
  alignas(64) std::atomic<std::uint64_t> count;
  std::array<Entry, most_entries> entries;
};

/// Changes several words of the arena as one: all of them stay, or, when this process is killed or
/// an exception leaves the block, none. One at a time in the whole tree; short, and nothing in it
/// waits.
///
/// Each word's old value is in the log before the word changes; storing 0 in the count is the
/// commit. Who takes the lock over from a dead process restores what its log holds.
class Transaction {
 public:
  Transaction() noexcept;
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void write(std::atomic<std::uint64_t>& word, std::uint64_t value,
             const step::Site& site = step::Site::current()) noexcept;

 private:
  JournalArea& journal_;
  int exceptions_;
};

}  // namespace multiprocess::detail
