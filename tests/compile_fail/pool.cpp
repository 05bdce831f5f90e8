// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>
#include <multiprocess/pool_proxy.hpp>
#include <multiprocess/thread_pool.hpp>

#include <tuple>
#include <vector>

namespace mp = multiprocess;

int add(int, int);
int square(int);

void use(mp::Pool& pool, mp::ThreadPool& threads, const mp::PoolProxy& proxy) {
  const std::vector<int> items{1};
  const mp::MapOptions options;
#if CASE == 0
  pool.starmap(add, std::vector<std::tuple<int, int>>{{1, 2}});
  pool.starmap(add, {{1, 2}, {3, 4}}, {.chunksize = 4});
  pool.map(square, items, {.chunksize = 4}), pool.map(square, {1, 2}, options);
  threads.imap(square, items, options), proxy.map_async(square, items, {});
#elif CASE == 1  // expect: starmap takes the arguments of each call from an item
  pool.starmap(add, items);
#elif CASE == 2  // expect: map(f, items, {.chunksize = 4})
  pool.map(square, items, 4);
#elif CASE == 3  // expect: map(f, items, {.chunksize = 4})
  for (const int x : threads.imap_unordered(square, items, 4u)) {
    (void)x;
  }
#elif CASE == 4  // expect: map(f, items, {.chunksize = 4})
  proxy.map_async(square, items, 4);
#elif CASE == 5  // expect: write apply(f, arguments...) for a single call
  pool.map(square, 5);
#elif CASE == 6  // expect: write apply(f, arguments...) for a single call
  const std::vector<int> squares = threads.map(square, 5, options);
#endif
}

int main() {}
