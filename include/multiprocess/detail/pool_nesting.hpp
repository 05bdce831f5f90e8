// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>

#include <cstdint>

namespace multiprocess::detail {

/// How many pools lie around this process, and what share of the machine is its own.
struct PoolNesting {
  std::uint32_t depth = 0;
  std::uint32_t siblings = 1;  ///< Workers of the pools around it, multiplied; at most a million.
};

/// Of this process.
PoolNesting& pool_nesting() noexcept;

/// That of a worker, which that of the process with its pool was `around`.
PoolNesting nesting_in(const Board& board, PoolNesting around) noexcept;

/// How deep pools may lie within one another.
inline constexpr std::uint32_t most_pools_deep = 8;
/// How many workers all pools of the tree that lie in others may have together.
inline constexpr std::uint64_t most_nested_workers = 1024;

/// Throws RuntimeError when a pool, which has its board already, is nested too deep, or one too
/// many: of those that are made at the same time not all may see room where there is not enough.
void require_room(const Board& made);

/// Workers of all pools of the tree that lie in others.
std::uint64_t count_nested_workers();

}  // namespace multiprocess::detail
