// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/word.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/per_thread.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/step.hpp>
#include <multiprocess/detail/warden.hpp>

#include <algorithm>
#include <climits>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr std::chrono::microseconds spin_time{25};
constexpr std::uint32_t sleepers_a_turn = 32;
constexpr int yields_alone = 3;
constexpr std::chrono::nanoseconds empty_yield{700};  // longer: somebody else ran

// A yield that took so long gave the CPU to strangers, for a whole slice of the scheduler. Those
// who sleep instead are let in at once when they are woken.
constexpr std::chrono::microseconds slice_of_strangers{200};
constexpr std::chrono::milliseconds strangers_stay{20};

thread_local int rounds_a_yield = 16;
thread_local std::chrono::steady_clock::time_point strangers_until{};

/// First element of the sleepers' area: how far the table was ever used.
std::atomic<std::uint64_t>& high_water() {
  return at<Sleeper>(area::sleepers)->owner;
}

/// And how often everybody was woken.
std::atomic<std::uint64_t>& broadcasts() {
  return at<Sleeper>(area::sleepers)->word;
}

Sleeper& sleeper(std::uint32_t index) {
  return at<Sleeper>(area::sleepers)[index];
}

bool claim(std::uint32_t index, std::uint64_t owner) noexcept {
  std::uint64_t nobody = 0;
  if (sleeper(index).owner.load(std::memory_order_relaxed) != 0 ||
      !step::cas(sleeper(index).owner, nobody, owner)) {
    return false;
  }
  std::uint64_t mark = high_water().load(std::memory_order_relaxed);
  while (mark < index && !step::cas(high_water(), mark, index)) {
  }
  return true;
}

/// This thread's record, kept until the thread ends; after a fork it is the parent's, so the owner
/// tells.
struct Record {
  std::uint32_t index = 0;
  std::uint64_t owner = 0;

  ~Record() {
    const Self* const me = self_if_entered();
    if (index != 0 && me != nullptr && me->ticket.word() == owner) {
      step::store(sleeper(index).owner, 0);
    }
  }
};

/// Null when the table is full, or the thread's own objects are gone: then the sleep is short.
Sleeper* record_of_this_thread() {
  Record* const own = PerThread<Record>::get();
  if (own == nullptr) {
    return nullptr;
  }
  const std::uint64_t owner = self().ticket.word();
  if (own->index == 0 || own->owner != owner) {
    own->index = 0;
    for (std::uint32_t index = 1; index < most_sleepers; ++index) {
      if (claim(index, owner)) {
        own->index = index;
        own->owner = owner;
        break;
      }
    }
  }
  return own->index == 0 ? nullptr : &sleeper(own->index);
}

}  // namespace

Cures& cures() noexcept {
  static Cures all;
  return all;
}

Sleep::Sleep(std::atomic<std::uint32_t>& word, std::atomic<std::uint32_t>& sleepers, Place place)
    : word_(word),
      sleepers_(sleepers),
      record_(record_of_this_thread()),
      is_watched_(watch_children_now()) {
  if (record_ != nullptr && record_->word.load(std::memory_order_relaxed) != 0) {
    record_ = nullptr;  // it tells of a sleep that this one interrupts
  }
  if (record_ != nullptr) {
    step::store(record_->word, offset_of(&word));
  }
  step::add(sleepers_, 1);
  if (record_ != nullptr && place == Place::lasting) {
    step::store(record_->counter, offset_of(&sleepers));
  }
  broadcasts_ = broadcasts().load(std::memory_order_seq_cst);
}

Sleep::~Sleep() {
  // Uncounted for the record first: killed in between, the count stays one too high, which costs a
  // futile wake-up; one too low would cost a lost one.
  if (record_ != nullptr) {
    step::store(record_->counter, 0);
  }
  step::add(sleepers_, ~0u);
  if (record_ != nullptr) {
    step::store(record_->word, 0);
  }
}

/// A broadcast changes no word: between the caller's look and the sleep it would not be felt.
bool Sleep::missed_a_broadcast() noexcept {
  const std::uint64_t now = broadcasts().load(std::memory_order_seq_cst);
  return std::exchange(broadcasts_, now) != now;
}

Woken Sleep::while_equal(std::uint32_t value, os::Deadline deadline,
                         std::chrono::milliseconds slice) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (deadline <= now) {
    return Woken::deadline;
  }
  if (!is_watched_) {
    slice = std::min(slice, long_slice);
  }
  // Many who wait for the same thing take turns in looking around.
  const int turns =
      1 + static_cast<int>(sleepers_.load(std::memory_order_relaxed) / sleepers_a_turn);
  os::Deadline until = now + (record_ == nullptr ? short_slice : slice * turns);
  if (!cures().backstop) {
    until = os::never;
  }
  if (missed_a_broadcast()) {
    return Woken::look_again;
  }
  os::sleep_while_equal(word_, value, std::min(deadline, until));
  const auto after = std::chrono::steady_clock::now();
  if (deadline <= after) {
    return Woken::deadline;
  }
  if (until <= after) {
    check_everybody();
    return Woken::slice;
  }
  return Woken::look_again;
}

void Signal::wake(int count) noexcept {
  if (sleepers.load(std::memory_order_seq_cst) != 0) [[unlikely]] {
    step::add(word, 1);
    os::wake_sleepers(word, count);
  }
}

namespace {

constexpr std::uint32_t asleep = 1;  // somebody is, or will be, since all were called
constexpr std::uint32_t one_call = 2;

}  // namespace

/// Whoever calls all takes the bit away. Each who had set it before either is called or finds
/// another word than he would sleep on; killed before it calls, its death does. Of who sets it
/// later the condition is looked at later than the change that is told here.
void CallingSignal::wake(int count) noexcept {
  const std::uint32_t all = sleepers.load(std::memory_order_seq_cst);
  if (all == 0) [[likely]] {
    return;
  }
  const bool calls_all = static_cast<std::uint32_t>(count) >= all;
  std::uint32_t now = word.load(std::memory_order_seq_cst);
  do {
    if ((now & asleep) == 0) {
      return;
    }
  } while (!step::cas(word, now, calls_all ? now - asleep + one_call : now + one_call));
  step::crash_point(step::Site::current());
  os::wake_sleepers(word, calls_all ? INT_MAX : count);
}

std::uint32_t CallingSignal::before_sleep() noexcept {
  std::uint32_t now = word.load(std::memory_order_seq_cst);
  while ((now & asleep) == 0 && !step::cas(word, now, now | asleep)) {
  }
  return now | asleep;
}

void wake_everybody() noexcept {
  if (!cures().broadcast) {
    return;
  }
  step::add(broadcasts(), 1);
  const std::uint64_t last = high_water().load(std::memory_order_seq_cst);
  for (std::uint32_t index = 1; index <= last; ++index) {
    if (const Offset word = sleeper(index).word.load(std::memory_order_seq_cst); word != 0) {
      os::wake_sleepers(*at<std::atomic<std::uint32_t>>(word), INT_MAX);
    }
  }
}

void forget_sleepers(std::uint64_t owner) noexcept {
  const std::uint64_t last = high_water().load(std::memory_order_seq_cst);
  for (std::uint32_t index = 1; index <= last; ++index) {
    Sleeper& record = sleeper(index);
    if (record.owner.load(std::memory_order_acquire) == owner) {
      const Offset counter = step::exchange(record.counter, 0);
      if (counter != 0) {
        step::add(*at<std::atomic<std::uint32_t>>(counter), ~0u);
      }
      step::store(record.word, 0);
      step::store(record.owner, 0);
    }
  }
}

namespace {

// No static variable of a function: a child that is forked while a thread asks for it would wait
// for that thread.
constinit std::atomic<int> cpus{0};

bool has_one_cpu() noexcept {
  if (cpus.load(std::memory_order_relaxed) == 0) {
    cpus.store(os::hardware_cpu_count(), std::memory_order_relaxed);  // raw: ours
  }
  return cpus.load(std::memory_order_relaxed) == 1;
}

}  // namespace

bool Spin::again() noexcept {
  if (has_one_cpu()) {
    os::yield();
    return ++rounds_ <= yields_alone;
  }
  if (++rounds_ % rounds_a_yield != 0) {
    os::pause();
    return true;
  }
  const auto before = std::chrono::steady_clock::now();
  if (before < strangers_until) {
    return false;
  }
  if (end_ == std::chrono::steady_clock::time_point{}) {
    end_ = before + spin_time;
  }
  os::yield();
  const auto after = std::chrono::steady_clock::now();
  // Whoever ran meanwhile on this CPU may be the one that we wait for: then yield more often.
  rounds_a_yield = after - before < empty_yield ? 64 : 1;
  if (after - before > slice_of_strangers) {
    strangers_until = after + strangers_stay;
  }
  return after < end_;
}

bool Spin::again_later() noexcept {
  constexpr int most_pauses = 64;
  for (int pause = 0; pause < pauses_; ++pause) {
    if (!again()) {
      return false;
    }
  }
  pauses_ = std::min(2 * pauses_, most_pauses);
  return true;
}

}  // namespace multiprocess::detail
