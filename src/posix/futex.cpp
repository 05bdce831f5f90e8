// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/futex.hpp>

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace multiprocess::detail::os {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4);

namespace {

timespec to_timespec(Deadline deadline) noexcept {
  const auto since = deadline.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds);
  return {static_cast<time_t>(seconds.count()), static_cast<long>(rest.count())};
}

}  // namespace

void sleep_while_equal(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       Deadline deadline) noexcept {
  // FUTEX_WAIT_BITSET takes an absolute time on CLOCK_MONOTONIC, the clock of steady_clock.
  const timespec until = deadline == never ? timespec{} : to_timespec(deadline);
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, expected, deadline == never ? nullptr : &until,
          nullptr, FUTEX_BITSET_MATCH_ANY);
}

int wake_sleepers(const std::atomic<std::uint32_t>& word, int count) noexcept {
  const long woken = syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0);
  return woken < 0 ? 0 : static_cast<int>(woken);
}

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield" ::: "memory");
#endif
}

void yield() noexcept {
  sched_yield();
}

}  // namespace multiprocess::detail::os
