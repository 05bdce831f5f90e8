// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/journal.hpp>

#include <cstdlib>
#include <exception>

namespace multiprocess::detail {

static_assert(area::journal + sizeof(JournalArea) <= area::heap);

namespace {

void roll_back(JournalArea& journal) noexcept {
  std::uint64_t count = journal.count.load(std::memory_order_acquire);
  while (count-- > 0) {
    const auto& entry = journal.entries[count];
    step::store(*at<std::atomic<std::uint64_t>>(entry.where.load(std::memory_order_relaxed)),
                entry.before.load(std::memory_order_relaxed));
  }
  step::store(journal.count, 0);
}

}  // namespace

Transaction::Transaction() noexcept
    : journal_(*at<JournalArea>(area::journal)), exceptions_(std::uncaught_exceptions()) {
  if (journal_.lock.acquire() == Taken::from_dead) {
    roll_back(journal_);
  }
}

Transaction::~Transaction() {
  if (std::uncaught_exceptions() > exceptions_) {
    roll_back(journal_);
  } else {
    step::store(journal_.count, 0);
  }
  journal_.lock.release();
}

void Transaction::write(std::atomic<std::uint64_t>& word, std::uint64_t value,
                        const step::Site& site) noexcept {
  const std::uint64_t count = journal_.count.load(std::memory_order_relaxed);
  if (count == JournalArea::most_entries) {
    std::abort();  // a transaction of ours that is larger than any can be
  }
  auto& entry = journal_.entries[count];
  step::store(entry.where, offset_of(&word));
  step::store(entry.before, word.load(std::memory_order_relaxed));
  step::store(journal_.count, count + 1);
  step::crash_point(site);
  word.store(value, std::memory_order_release);  // raw: its crash point is before
}

}  // namespace multiprocess::detail
