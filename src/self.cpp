// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/self.hpp>

#include <multiprocess/detail/os/futex.hpp>

#include <bit>

namespace multiprocess::detail {

constinit std::atomic<void**> self_word{nullptr};

namespace {

constexpr std::uint32_t most_threads = 1u << (slot_shift - thread_shift);

constinit std::array<std::atomic<std::uint64_t>, most_threads / 64> numbers_in_use{};

/// Gives the number back when the thread ends.
struct NumberHolder {
  std::uint32_t number = 0;

  ~NumberHolder() {
    if (number != 0) {
      numbers_in_use[number / 64].fetch_and(~(std::uint64_t{1} << number % 64));
      thread_number_cache = 0;
    }
  }
};

thread_local NumberHolder holder;

std::uint32_t take_number() noexcept {
  for (std::uint32_t group = 0; group < numbers_in_use.size(); ++group) {
    std::uint64_t used = numbers_in_use[group].load(std::memory_order_relaxed);
    while (~used != 0) {
      const auto bit = static_cast<std::uint32_t>(std::countr_one(used));
      if (numbers_in_use[group].compare_exchange_weak(used, used | std::uint64_t{1} << bit)) {
        return group * 64 + bit;
      }
    }
  }
  return most_threads - 1;  // 131,071 threads live: the last ones share a number
}

}  // namespace

void PrivateLock::lock_slowly() noexcept {
  while (held_.exchange(true, std::memory_order_acquire)) {
    os::yield();
  }
}

std::uint32_t assign_thread_number() noexcept {
  std::uint32_t number = take_number();
  if (number == 0) {
    number = take_number();  // 0 means none
  }
  holder.number = number;
  thread_number_cache = number;
  return number;
}

}  // namespace multiprocess::detail
