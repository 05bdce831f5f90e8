// SPDX-License-Identifier: BSD-3-Clause
// A pool of processes does one function for many numbers: at once, later, and with a lambda.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <chrono>

namespace mp = multiprocess;
using namespace std::chrono_literals;

int f(int x) {
  return x * x;
}

int main() {
  mp::Pool pool(5);
  fmt::print("{}\n", pool.map(f, {1, 2, 3}));

  const auto result = pool.map_async(f, mp::range(10));
  fmt::print("{}\n", result.get(1s));

  const auto square = [](int y) { return y * y; };
  fmt::print("{}\n", pool.map([square](int x) { return square(x) + x; }, mp::range(10)));
}
