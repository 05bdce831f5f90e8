// SPDX-License-Identifier: BSD-3-Clause
// The client of two programs: see manager_server.cpp.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <exception>
#include <string>

namespace mp = multiprocess;

int main(int argc, char** argv) {
  const bool stops = argc == 3 && argv[2] == std::string("stop");
  if (argc != 4 && !stops) {
    fmt::print(stderr, "usage: manager_client <path> <thing> <how many> | stop\n");
    return 2;
  }
  try {
    mp::SyncManager manager(mp::Address(argv[1]), "secret password");
    manager.connect();
    if (stops) {
      manager.lookup<mp::EventProxy>("over").set();
      return 0;
    }
    const auto stock = manager.lookup<mp::DictProxy<std::string, int>>("stock");
    stock.setdefault(argv[2], 0);
    stock[argv[2]] += std::stoi(argv[3]);
    fmt::print("{}\n", stock);
  } catch (const std::exception& error) {
    fmt::print(stderr, "the stock is as it was: {}\n", error.what());
    return 1;
  }
}
