// SPDX-License-Identifier: BSD-3-Clause
// What counting costs: a Value with its own lock, and a RawValue with a lock beside it.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <chrono>
#include <mutex>
#include <string>

namespace mp = multiprocess;

constexpr int iterations = 10'000;

template <class F>
void measure(const std::string& what, F step) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < iterations; ++i) {
    step();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print(stderr, "{}: {:.6f} seconds\n", what, took.count());
}

int main() {
  const mp::Value<int> synchronized(0);
  mp::Process first(
      [synchronized] { measure("a Value", [&] { synchronized.with_lock([](int& n) { ++n; }); }); });
  first.start();
  first.join();

  const mp::RawValue<int> raw(0);
  const mp::Lock lock;
  mp::Process second([raw, lock] {
    measure("a RawValue and a Lock", [&] {
      const std::scoped_lock guard(lock);
      ++raw.get_obj();
    });
  });
  second.start();
  second.join();
  fmt::print("{} and {}\n", synchronized.value(), raw.value());
}
