// SPDX-License-Identifier: BSD-3-Clause
// A connection with its handshake, from one process to another, and messages on it.
#include "harness/crew.hpp"
#include "harness/suite.hpp"

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/listener.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

using mp::connection::Client;
using mp::connection::Listener;
using mp::connection::Options;

struct Kind {
  bool is_tcp = false;
  Options options = {.authkey = "secret"};

  Listener listen() const {
    return is_tcp ? Listener({"127.0.0.1", 0}, options) : Listener(options);
  }
};

/// Nanoseconds for a connection that is made, used for one byte, and closed.
double connect(Placement placement, const Kind& kind) {
  const int count = scaled(500);
  Listener listener = kind.listen();
  const mp::Address address = listener.address();
  const Role server = [listener, count](Gate& gate) mutable {
    for (int i = 0; i <= count; ++i) {
      const mp::Connection connection = listener.accept();
      require(connection.recv_bytes().size() == 1, "a byte");
      if (i == 0) {
        gate.wait();
      }
    }
  };
  const Role client = [&kind, address, count](Gate& gate) {
    for (int i = 0; i <= count; ++i) {
      Client(address, kind.options).send_bytes("x");
      if (i == 0) {
        gate.wait();
      }
    }
  };
  return run_crew(placement, {server, client}) / count;
}

/// Nanoseconds for a message there and one back.
double round_trip(Placement placement, const Kind& kind) {
  const int count = scaled(5000);
  Listener listener = kind.listen();
  const mp::Address address = listener.address();
  const Role server = [listener, count](Gate& gate) mutable {
    const mp::Connection connection = listener.accept();
    gate.wait();
    for (int i = 0; i < count; ++i) {
      connection.send_bytes(connection.recv_bytes());
    }
  };
  const Role client = [&kind, address, count](Gate& gate) {
    const mp::Connection connection = Client(address, kind.options);
    gate.wait();
    for (int i = 0; i < count; ++i) {
      connection.send_bytes("12345678");
      require(connection.recv_bytes().size() == 8, "the same message");
    }
  };
  return run_crew(placement, {server, client}) / count;
}

/// Nanoseconds until a client is served that came after a thousand who say nothing.
double behind_silent_ones(Placement) {
  const Kind kind{.is_tcp = true};
  Listener listener = kind.listen();
  std::vector<mp::detail::os::Handle> silent;
  const auto patience = std::chrono::seconds(20);  // the system may allow a shorter queue
  for (int i = 0; i < 1000; ++i) {
    silent.push_back(mp::detail::os::connect_to(listener.address().where(),
                                                std::chrono::steady_clock::now() + patience));
  }
  std::jthread server([&listener, patience] { listener.accept(patience).send_bytes("x"); });
  const auto begun = std::chrono::steady_clock::now();
  require(Client(listener.address(), kind.options).recv_bytes().size() == 1, "a byte");
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count();
}

void add(Suite& suite, const std::string& name, double (*measure)(Placement, const Kind&),
         const Kind& kind) {
  suite.add(
      {.name = name,
       .placements = {Placement::split, Placement::same},
       .contenders = [&suite, name, measure, kind]() -> std::vector<Contender> {
         return {{std::string(ours), [=](Placement placement) { return measure(placement, kind); }},
                 suite.python(name)};
       }});
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  Suite suite("listener", argc, argv);
  const Kind path;
  const Kind tcp{.is_tcp = true};
  const Kind strict{.is_tcp = true, .options = {.authkey = "secret", .strict = true}};
  add(suite, "connect", connect, path);
  add(suite, "connect tcp", connect, tcp);
  add(suite, "connect tcp strict", connect, strict);
  add(suite, "round trip", round_trip, path);
  add(suite, "round trip tcp", round_trip, tcp);
  add(suite, "round trip tcp strict", round_trip, strict);
  suite.add({.name = "connect behind 1000 silent ones",
             .placements = {Placement::free},
             .contenders = []() -> std::vector<Contender> {
               return {{std::string(ours), behind_silent_ones}};
             }});
  return suite.run();
}
