// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

namespace bench {

/// Whether the benchmarks were built with it.
bool has_tbb() noexcept;

/// `f(item)` for each item, by as many threads as there are CPUs to use; in chunks that TBB
/// chooses, or each item alone.
std::vector<int> map_by_tbb(int (*f)(int), const std::vector<int>& items, bool each_alone);

}  // namespace bench
