// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/secret_memory.hpp>

#include <multiprocess/detail/os/hmac.hpp>

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <new>
#include <span>

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t cell = 64;
constexpr std::size_t cells_in_group = 64;
constexpr std::size_t group = cell * cells_in_group;
constexpr std::size_t groups = 16;
constexpr std::size_t largest_page = std::size_t{64} << 10;

static_assert(groups * group % largest_page == 0);

// Nobody holds a lock that a fork could leave behind: a group's cells are taken in one step.
alignas(largest_page) constinit std::array<std::byte, groups * group> pool{};
constinit std::array<std::atomic<std::uint64_t>, groups> taken{};

std::byte* pool_memory() noexcept {
  static constinit std::atomic<bool> left_out = false;
  left_out = left_out || madvise(pool.data(), pool.size(), MADV_DONTDUMP) == 0;
  return left_out ? pool.data() : nullptr;
}

std::uint64_t cells_for(std::size_t size) noexcept {
  const std::size_t count = (size + cell - 1) / cell;
  return count == cells_in_group ? UINT64_MAX : (std::uint64_t{1} << count) - 1;
}

/// The first of `wanted` cells in a row; none when there is no such place.
std::byte* take_from(std::size_t number, std::uint64_t wanted) noexcept {
  std::uint64_t now = taken[number].load(std::memory_order_relaxed);
  for (std::uint64_t place = wanted, first = 0;; place <<= 1, ++first) {
    while ((now & place) == 0) {
      if (taken[number].compare_exchange_weak(now, now | place, std::memory_order_acquire)) {
        return pool.data() + number * group + first * cell;
      }
    }
    if ((place >> (cells_in_group - 1)) != 0) {
      return nullptr;
    }
  }
}

std::byte* take_from_pool(std::size_t size) noexcept {
  if (size == 0 || size > group || pool_memory() == nullptr) {
    return nullptr;
  }
  for (std::size_t number = 0; number < groups; ++number) {
    if (std::byte* const found = take_from(number, cells_for(size)); found != nullptr) {
      return found;
    }
  }
  return nullptr;
}

bool is_of_pool(const std::byte* memory) noexcept {
  return memory >= pool.data() && memory < pool.data() + pool.size();
}

}  // namespace

std::byte* take_secret_memory(std::size_t size) {
  if (std::byte* const found = take_from_pool(size); found != nullptr) {
    return found;
  }
  void* const own = mmap(nullptr, size == 0 ? 1 : size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (own == MAP_FAILED) {
    throw std::bad_alloc();
  }
  madvise(own, size, MADV_DONTDUMP);
  return static_cast<std::byte*>(own);
}

void give_back_secret_memory(std::byte* memory, std::size_t size) noexcept {
  wipe({memory, size});
  if (!is_of_pool(memory)) {
    munmap(memory, size == 0 ? 1 : size);
    return;
  }
  const auto place = static_cast<std::size_t>(memory - pool.data());
  taken[place / group].fetch_and(~(cells_for(size) << (place % group / cell)),
                                 std::memory_order_release);
}

}  // namespace multiprocess::detail::os
