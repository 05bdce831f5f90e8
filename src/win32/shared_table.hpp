// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail::os {

/// Where one thread sleeps.
struct Berth {
  std::atomic<std::uint64_t> word;  ///< 0: free; else offset of the word + 1, and `called`
  std::atomic<std::uint32_t> pid;   ///< of the sleeper; 0: not said yet
  std::uint32_t unused;
};

/// Behind the arena: those who sleep on words of it, by a hash of the word. Each berth has an event
/// by which its sleeper is woken, which every process finds by its name.
struct SharedTable {
  static constexpr std::size_t buckets = 64;
  static constexpr std::size_t berths = 256;

  struct Bucket {
    std::atomic<std::uint32_t> used;  ///< berths from here on were never taken
    std::array<std::uint32_t, 15> unused;
    std::array<Berth, berths> all;
  };

  std::uint64_t name;
  std::array<std::uint64_t, 7> unused;
  std::array<Bucket, buckets> all;
};

inline constexpr std::size_t shared_table_size = std::size_t{512} << 10;
static_assert(sizeof(SharedTable) <= shared_table_size);

/// Behind the `size` bytes of the arena at `data`: a new one, and the one that is there.
void make_shared_table(std::byte* data, std::size_t size);
void use_shared_table(std::byte* data, std::size_t size) noexcept;

}  // namespace multiprocess::detail::os
