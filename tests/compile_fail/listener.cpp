// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/listener.hpp>

#include <string>

namespace mp = multiprocess;
using mp::connection::Client;
using mp::connection::Listener;

int main() {
  const std::string path = "/tmp/x";
  mp::connection::Options options;
#if CASE == 0
  Listener first("/tmp/x"), second(path, {.authkey = "key"}), third(path, options);
  Listener fourth({"localhost", 5000}, {}), fifth(mp::Address("localhost", 5000), options);
  Listener sixth({"localhost", 0});
  Client(path), Client("/tmp/x", {}), Client({"localhost", 5000}, {.authkey = "key"});
#elif CASE == 1  // expect: a host and a port are one address
  Client("localhost", 5000);
#elif CASE == 2  // expect: a host and a port are one address
  Listener listener("localhost", 5000, options);
#elif CASE == 3  // expect: the key is an option
  Listener listener(path, "key");
#elif CASE == 4  // expect: the key is an option
  Client("/tmp/x", path);
#elif CASE == 5  // expect: private
  Listener listener({});
#endif
}
