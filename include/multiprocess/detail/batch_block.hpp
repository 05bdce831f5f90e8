// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>

#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

/// What lies in the block of a batch beside the batch itself.
struct BatchShape {
  std::uint64_t number = 0;
  std::uint64_t call = 0;
  std::uint64_t base = 0;
  std::uint64_t items = 0;
  std::uint64_t chunk = 1;
  std::uint32_t flags = 0;
  std::size_t in_size = 0;    // of an item that is used in place
  std::size_t out_size = 0;   // of a result that lies in place
  std::size_t code_size = 0;  // of the callable, where that is no message of its own
  bool has_messages = false;
  bool is_traced = false;
};

/// A part of the board. Throws std::bad_alloc.
struct MadeBatch {
  Offset place;
  std::size_t size;
};
MadeBatch make_batch(Board& board, const BatchShape& shape);

/// One chunk of the items [first, last) of another batch, over the same areas.
Offset make_rest(Board& board, const Batch& whole, std::uint64_t first, std::uint64_t last);

}  // namespace multiprocess::detail
