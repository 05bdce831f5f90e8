// SPDX-License-Identifier: BSD-3-Clause
// The server of two programs: adds up what clients send, until one of them says "stop".
//
//   listener /tmp/adder &          client /tmp/adder 1 2 3
//                                  client /tmp/adder stop
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <numeric>
#include <string>
#include <vector>

namespace mp = multiprocess;

/// True when the client wants the server to end.
bool serve(const mp::Connection& client) {
  const auto numbers = client.recv<std::vector<double>>();
  client.send(std::accumulate(numbers.begin(), numbers.end(), 0.0));
  return numbers.empty();
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: listener <path>\n");
    return 2;
  }
  // The two programs must know the same key. A real one is long, random, and not in the source.
  mp::connection::Listener listener(argv[1], {.authkey = "secret password"});
  fmt::print("listening at {}\n", listener.address());
  std::fflush(stdout);
  for (bool over = false; !over;) {
    try {
      over = serve(listener.accept());
    } catch (const mp::AuthenticationError& error) {  // somebody else: on to the next one
      fmt::print("refused: {}\n", error.what());
    } catch (const mp::EOFError&) {
      fmt::print("a client has gone\n");
    }
  }
  fmt::print("stopped\n");
}
