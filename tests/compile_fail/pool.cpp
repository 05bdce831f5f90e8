// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <tuple>
#include <vector>

namespace mp = multiprocess;

int add(int, int);

int main() {
  mp::Pool pool(2);
#if CASE == 0
  pool.starmap(add, std::vector<std::tuple<int, int>>{{1, 2}});
#elif CASE == 1  // expect: starmap takes the arguments of each call from an item
  pool.starmap(add, std::vector<int>{1});
#endif
}
