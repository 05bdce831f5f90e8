// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/futex.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/random.hpp>

#include "shared_table.hpp"

#include <climits>
#include <optional>

// A sleeper takes a berth, writes its word there, looks at the word once more and waits for the
// event of the berth. A waker calls it by a compare-and-swap of the berth, so that each call wakes
// one, and sets the event. Killed in between, the waker leaves a sleeper that was called and not
// woken: the broadcast that follows a death wakes those too. A killed sleeper leaves a berth that
// costs its wakers a futile call, until it is needed and taken back.

namespace multiprocess::detail::os {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4);

namespace {

constexpr std::uint64_t called = std::uint64_t{1} << 63;

/// Words that this process shares with nobody have a table of their own.
constinit SharedTable private_table{};

struct Tables {
  std::byte* data = nullptr;
  std::size_t size = 0;
  SharedTable* shared = nullptr;
};
constinit Tables tables;

using Events = std::array<std::atomic<HANDLE>, SharedTable::buckets * SharedTable::berths>;
constinit Events shared_events{};
constinit Events private_events{};

/// Where to sleep on a word, or to look for who does.
struct Place {
  SharedTable* table;
  Events* events;
  std::uint64_t key;
  std::size_t bucket;

  SharedTable::Bucket& berths() const noexcept { return table->all[bucket]; }
};

Place place_of(const std::atomic<std::uint32_t>& word) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&word);
  const auto offset = address - reinterpret_cast<std::uintptr_t>(tables.data);
  const bool is_shared = tables.data != nullptr && offset < tables.size;
  const std::uint64_t key = (is_shared ? offset : address) + 1;
  const std::size_t bucket = ((key >> 2) * 0x9E3779B97F4A7C15u) >> 58;
  return is_shared ? Place{tables.shared, &shared_events, key, bucket}
                   : Place{&private_table, &private_events, key, bucket};
}
static_assert(SharedTable::buckets == 64);

std::wstring name_of(const SharedTable& table, std::size_t number) {
  return L"Local\\multiprocess-berth-" + std::to_wstring(table.name) + L"-" +
         std::to_wstring(number);
}

/// Opened when it is first needed here, and kept. Null when the system has no more.
HANDLE event_of(const Place& place, std::size_t berth) noexcept {
  const std::size_t number = place.bucket * SharedTable::berths + berth;
  std::atomic<HANDLE>& known = (*place.events)[number];
  if (const HANDLE event = known.load(std::memory_order_acquire); event != nullptr) {
    return event;
  }
  const bool is_shared = place.table != &private_table;
  const HANDLE made = CreateEventW(nullptr, FALSE, FALSE,
                                   is_shared ? name_of(*place.table, number).c_str() : nullptr);
  HANDLE before = nullptr;
  if (made != nullptr && !known.compare_exchange_strong(before, made)) {
    CloseHandle(made);
    return before;
  }
  return made;
}

bool is_abandoned(const Berth& berth) noexcept {
  const std::uint32_t pid = berth.pid.load(std::memory_order_relaxed);
  return pid != 0 && !runs(pid);
}

bool take(Berth& berth, std::uint64_t from, std::uint64_t key) noexcept {
  if (!berth.word.compare_exchange_strong(from, key, std::memory_order_seq_cst)) {
    return false;
  }
  berth.pid.store(GetCurrentProcessId(), std::memory_order_relaxed);
  return true;
}

void note_use(SharedTable::Bucket& bucket, std::uint32_t berth) noexcept {
  std::uint32_t used = bucket.used.load(std::memory_order_relaxed);
  while (used <= berth && !bucket.used.compare_exchange_weak(used, berth + 1)) {
  }
}

/// None when all are taken by living threads.
std::optional<std::uint32_t> take_berth(const Place& place) noexcept {
  SharedTable::Bucket& bucket = place.berths();
  for (std::uint32_t i = 0; i < SharedTable::berths; ++i) {
    note_use(bucket, i);  // before: whoever looks for the sleeper is to find it
    if (bucket.all[i].word.load(std::memory_order_relaxed) == 0 &&
        take(bucket.all[i], 0, place.key)) {
      return i;
    }
  }
  for (std::uint32_t i = 0; i < SharedTable::berths; ++i) {
    const std::uint64_t word = bucket.all[i].word.load(std::memory_order_relaxed);
    if (is_abandoned(bucket.all[i]) && take(bucket.all[i], word, place.key)) {
      return i;
    }
  }
  return std::nullopt;
}

void leave(Berth& berth) noexcept {
  berth.pid.store(0, std::memory_order_relaxed);
  berth.word.store(0, std::memory_order_release);
}

}  // namespace

void make_shared_table(std::byte* data, std::size_t size) {
  use_shared_table(data, size);
  tables.shared->name = random_number();
}

void use_shared_table(std::byte* data, std::size_t size) noexcept {
  tables = {data, size, reinterpret_cast<SharedTable*>(data + size)};
}

void sleep_while_equal(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       Deadline deadline) noexcept {
  const Place place = place_of(word);
  const auto berth = take_berth(place);
  const HANDLE event = berth ? event_of(place, *berth) : nullptr;
  if (word.load(std::memory_order_seq_cst) == expected) {
    if (event != nullptr) {
      WaitForSingleObject(event, milliseconds_until(deadline));
    } else {
      ::Sleep(1);  // more sleepers than the table holds look around instead
    }
  }
  if (berth) {
    leave(place.berths().all[*berth]);
  }
}

int wake_sleepers(const std::atomic<std::uint32_t>& word, int count) noexcept {
  const Place place = place_of(word);
  const std::uint32_t used = place.berths().used.load(std::memory_order_seq_cst);
  int woken = 0;
  for (std::uint32_t i = 0; i < used && woken < count; ++i) {
    std::atomic<std::uint64_t>& berth = place.berths().all[i].word;
    std::uint64_t seen = berth.load(std::memory_order_seq_cst);
    const bool calls = seen == place.key && berth.compare_exchange_strong(seen, seen | called);
    const bool repeats = count == INT_MAX && seen == (place.key | called);
    if (calls || repeats) {
      if (const HANDLE event = event_of(place, i); event != nullptr) {
        SetEvent(event);
      }
      woken += calls ? 1 : 0;
    }
  }
  return woken;
}

void pause() noexcept {
  YieldProcessor();
}

void yield() noexcept {
  SwitchToThread();
}

}  // namespace multiprocess::detail::os
