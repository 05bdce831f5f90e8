// SPDX-License-Identifier: BSD-3-Clause
// The server of two programs: a stock of things that any number of clients, each a program of its
// own, change at the same time.
//
//   manager_server /tmp/stock &    manager_client /tmp/stock apples 5
//                                  manager_client /tmp/stock stop
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <string>

namespace mp = multiprocess;

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: manager_server <path>\n");
    return 2;
  }
  // The programs must know the same key. A real one is long, random, and not in the source.
  mp::SyncManager manager(mp::Address(argv[1]), "secret password");
  manager.start();
  const auto stock = manager.dict<std::string, int>();
  const auto over = manager.Event();
  manager.publish("stock", stock);
  manager.publish("over", over);
  fmt::print("serving at {}\n", manager.address());
  std::fflush(stdout);
  over.wait();
  fmt::print("left: {}\n", stock);
}
