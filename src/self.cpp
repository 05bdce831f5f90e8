// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/self.hpp>

#include <multiprocess/detail/os/futex.hpp>
#include <multiprocess/detail/os/thread.hpp>

#include <bit>

namespace multiprocess::detail {

constinit std::atomic<void**> self_word{nullptr};

namespace {

constexpr std::uint32_t most_threads = 1u << (slot_shift - thread_shift);

constinit std::array<std::atomic<std::uint64_t>, most_threads / 64> numbers_in_use{};

void give_back(void* number) {
  const auto given = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number));
  numbers_in_use[given / 64].fetch_and(~(std::uint64_t{1} << given % 64));
  thread_number_cache = 0;
}

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
  os::at_thread_end(&give_back, reinterpret_cast<void*>(std::uintptr_t{number}));
  thread_number_cache = number;
  return number;
}

}  // namespace multiprocess::detail
