// SPDX-License-Identifier: BSD-3-Clause
// A number and an array that processes change under their locks.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <span>
#include <vector>

namespace mp = multiprocess;

void change(const mp::Value<int>& number, const mp::Array<float>& array) {
  number.with_lock([](int& n) { n += 10; });
  array.with_lock([](std::span<float> items) {
    for (float& item : items) {
      item *= 2;
    }
  });
}

int main() {
  const mp::Value<int> number(5);
  const mp::Array<float> array{1, 2, 3, 4};
  fmt::print("before: {} {}\n", number.value(), array.to_vector());

  std::vector<mp::Process> processes;
  for (int i = 0; i < 2; ++i) {
    processes.emplace_back(change, number, array).start();
  }
  for (mp::Process& process : processes) {
    process.join();
  }
  fmt::print("after: {} {}\n", number.value(), array.to_vector());
}
