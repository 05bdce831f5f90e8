// SPDX-License-Identifier: BSD-3-Clause
// The client of two programs: see listener.cpp.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <string>
#include <vector>

namespace mp = multiprocess;

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: client <path> <number>... | stop\n");
    return 2;
  }
  std::vector<double> numbers;
  if (argv[2] != std::string("stop")) {
    for (int i = 2; i < argc; ++i) {
      numbers.push_back(std::stod(argv[i]));
    }
  }
  try {
    const mp::Connection server = mp::connection::Client(argv[1], {.authkey = "secret password"});
    server.send(numbers);
    fmt::print("{}\n", server.recv<double>());
  } catch (const std::exception& error) {
    fmt::print(stderr, "no sum: {}\n", error.what());
    return 1;
  }
}
