// SPDX-License-Identifier: BSD-3-Clause
// Two processes share the four workers of one pool, which lives in a manager's server.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <numeric>
#include <string>
#include <vector>

namespace mp = multiprocess;

long long sum_of_squares(int last) {
  long long sum = 0;
  for (long long i = 1; i <= last; ++i) {
    sum += i * i;
  }
  return sum;
}

void use(const mp::PoolProxy& pool, const mp::QueueProxy<std::string>& results, int first) {
  const std::vector<long long> sums = pool.map(sum_of_squares, {first, first + 1, first + 2});
  results.put(fmt::format("{}: {}", first, std::accumulate(sums.begin(), sums.end(), 0LL)));
}

int main() {
  const mp::SyncManager manager = mp::Manager();
  const mp::PoolProxy pool = manager.Pool(4);
  const auto results = manager.Queue<std::string>();

  mp::Process first(use, pool, results, 10);
  mp::Process second(use, pool, results, 100);
  first.start();
  const mp::AsyncResultProxy<long long> later = pool.apply_async(sum_of_squares, 1000);
  first.join();
  second.start();
  second.join();
  results.shutdown();
  for (const std::string& result : results) {
    fmt::print("{}\n", result);
  }
  fmt::print("1000: {}\n", later.get());
}
