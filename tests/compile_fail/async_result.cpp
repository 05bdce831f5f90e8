// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <chrono>

namespace mp = multiprocess;
using namespace std::chrono_literals;

int add(int, int);

void use(mp::Pool pool, mp::AsyncResult<int> result, mp::ResultRange<int> results) {
#if CASE == 0
  pool.apply({.task_timeout = 5s, .grace = 5s}, add, 1, 2);
  result.get(5s), result.wait(5s), results.next(5s);
#elif CASE == 1  // expect: A timeout is a duration: write 5s or 500ms, not 5.
  result.get(5);
#elif CASE == 2  // expect: A timeout is a duration
  result.wait(5);
#elif CASE == 3  // expect: A timeout is a duration
  results.next(5);
#elif CASE == 4  // expect: A timeout is a duration
  mp::TaskOptions{.grace = 5};
#elif CASE == 5  // expect: multiprocess::Timeout
  mp::TaskOptions{.task_timeout = 5};
#endif
}
