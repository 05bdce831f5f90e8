// SPDX-License-Identifier: BSD-3-Clause
// connected_client <name of the server's socket, without the 0 before it> <its port, or 0> <the
// SharedFile of what was seen> <number>
#include "chaos/waits.hpp"
#include "support/shared_file.hpp"

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

namespace mp = multiprocess;

int main(int, char** arguments) try {
  const int port = std::stoi(arguments[2]);
  const mp::Address server =
      port == 0 ? mp::Address(std::string(1, '\0') + arguments[1]) : mp::Address("127.0.0.1", port);
  const mp::test::SharedFile<mp::test::Seen> seen(arguments[3]);
  const std::uint64_t number = std::stoull(arguments[4]);
  mp::test::while_served(server, [&](const mp::SyncManager& manager) {
    wait_for_ever(mp::test::Waits::look_up(manager), *seen, number);
  });
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "a program that connected: %s\n", error.what());
  return 1;
}
