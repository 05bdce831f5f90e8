// SPDX-License-Identifier: BSD-3-Clause
// Memory with a name: any program can attach to it, a Python one too.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace mp = multiprocess;

/// Gets a name only, as another program would.
void add_ten(const std::string& name) {
  const mp::SharedMemory memory(name);
  for (std::int64_t& number : memory.as<std::int64_t>()) {
    number += 10;
  }
}

int main() {
  constexpr std::array<std::int64_t, 5> data{1, 2, 3, 4, 5};
  const mp::SharedMemory memory = mp::SharedMemory::create(sizeof data);
  const auto numbers = memory.as<std::int64_t>();
  std::copy(data.begin(), data.end(), numbers.begin());
  fmt::print("before: {}\n", numbers);

  mp::Process worker(add_ten, memory.name());
  worker.start();
  worker.join();
  fmt::print("after: {}\n", numbers);

  memory.unlink();  // or it is done when this program has ended
}
