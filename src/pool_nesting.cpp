// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_nesting.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace multiprocess::detail {

namespace {

constexpr std::uint64_t most_siblings = 1'000'000;

constinit PoolNesting nesting{};

bool is_board(std::uint64_t word, const void*) {
  return owner::kind(word) == owner::Kind::object &&
         static_cast<ObjectType>(owner::type(word)) == ObjectType::pool;
}

}  // namespace

PoolNesting& pool_nesting() noexcept {
  return nesting;
}

PoolNesting nesting_in(const Board& board, PoolNesting around) noexcept {
  const std::uint64_t siblings = std::uint64_t{around.siblings} * board.places;
  return {board.depth, static_cast<std::uint32_t>(std::min(siblings, most_siblings))};
}

std::uint64_t count_nested_workers() {
  std::uint64_t workers = 0;
  for (const Offset block : find_blocks(is_board, nullptr)) {
    const SharedRef board = find_reference(block);  // it may be another object's place by now
    if (board && is_of_type(board, ObjectType::pool)) {
      const Board& found = *static_cast<const Board*>(board.address());
      workers += found.depth > 1 ? found.places : 0;
    }
  }
  return workers;
}

void require_room(const Board& made) {
  if (made.depth <= 1) {
    return;
  }
  if (made.depth > most_pools_deep) {
    throw RuntimeError(fmt::format(
        "pools are nested {} deep: a task that makes a pool seems to run in it", most_pools_deep));
  }
  if (count_nested_workers() <= most_nested_workers) {
    return;
  }
  check_everybody();  // pools count until it is known that nobody is left who had them
  clear_away_the_dead();
  if (const std::uint64_t workers = count_nested_workers(); workers > most_nested_workers) {
    throw RuntimeError(
        fmt::format("pools that were made in tasks would have {} workers with this one, and {} at "
                    "most: make smaller ones, or leave the number to the library, which gives each "
                    "its share of the CPUs",
                    workers, most_nested_workers));
  }
}

}  // namespace multiprocess::detail
