// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/heap.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

namespace multiprocess::test {

/// Blocks of this size, until there is no memory for another one.
inline std::vector<detail::Offset> blocks_until_full(std::size_t size) {
  std::vector<detail::Offset> blocks;
  try {
    while (true) {
      blocks.push_back(detail::allocate(size));
    }
  } catch (const std::bad_alloc&) {
  }
  return blocks;
}

inline void free_all(const std::vector<detail::Offset>& blocks) {
  std::for_each(blocks.begin(), blocks.end(), &detail::deallocate);
}

}  // namespace multiprocess::test
