// SPDX-License-Identifier: BSD-3-Clause
#include "tbb_map.hpp"

#ifdef MULTIPROCESS_BENCHMARK_TBB

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>

namespace bench {

bool has_tbb() noexcept {
  return true;
}

std::vector<int> map_by_tbb(int (*f)(int), const std::vector<int>& items, bool each_alone) {
  std::vector<int> results(items.size());
  const auto work = [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t i = range.begin(); i != range.end(); ++i) {
      results[i] = f(items[i]);
    }
  };
  const tbb::blocked_range<std::size_t> all(0, items.size());  // of grain 1
  if (each_alone) {
    tbb::parallel_for(all, work, tbb::simple_partitioner());
  } else {
    tbb::parallel_for(all, work);
  }
  return results;
}

}  // namespace bench

#else

namespace bench {

bool has_tbb() noexcept {
  return false;
}

std::vector<int> map_by_tbb(int (*)(int), const std::vector<int>&, bool) {
  return {};
}

}  // namespace bench

#endif
