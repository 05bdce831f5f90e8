// SPDX-License-Identifier: BSD-3-Clause
// The objects of a manager against Python's, and what a program that connects pays for them beside
// what the system takes for its messages.
#include "harness/crew.hpp"
#include "harness/machine.hpp"
#include "harness/suite.hpp"

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/manager.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

mp::SyncManager started(Placement placement, const mp::Address& address = {}) {
  mp::SyncManager manager(mp::ManagerOptions{
      .start_method = mp::StartMethod::fork, .address = address, .authkey = "secret"});
  manager.start([placement] { new Placed(placement, 1); });
  return manager;
}

/// Nanoseconds for a call of an object that `make` makes.
template <class Make, class Call>
double calls(Placement placement, Make make, Call call) {
  const Placed placed(placement, 0);
  const mp::SyncManager manager = started(placement);
  const auto shared = make(manager);
  call(shared, 0);
  const int count = scaled(200'000);
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    call(shared, i);
  }
  return (now() - begun) / count;
}

double dict_set(Placement placement) {
  return calls(
      placement, [](const auto& manager) { return manager.template dict<std::string, int>(); },
      [](const auto& shared, int i) { shared.set("key", i); });
}

double dict_get(Placement placement) {
  return calls(
      placement,
      [](const auto& manager) {
        return manager.template dict<std::string, int>({{"key", 1}});
      },
      [](const auto& shared, int) { return shared.at("key"); });
}

double list_append(Placement placement) {
  return calls(
      placement, [](const auto& manager) { return manager.template list<int>(); },
      [](const auto& shared, int i) { shared.append(i); });
}

double namespace_get(Placement placement) {
  return calls(
      placement,
      [](const auto& manager) {
        const auto made = manager.Namespace();
        made["x"] = 5;
        return made;
      },
      [](const auto& shared, int) { return shared.template get<int>("x"); });
}

double queue_put(Placement placement) {
  return calls(
      placement, [](const auto& manager) { return manager.template Queue<int>(); },
      [](const auto& shared, int i) { shared.put(i); });
}

double lock_and_unlock(Placement placement) {
  return calls(
      placement, [](const auto& manager) { return manager.Lock(); },
      [](const auto& shared, int) {
        shared.acquire();
        shared.release();
      });
}

/// Nanoseconds for `dict get` by a program that has connected.
double connected_dict_get(Placement placement, const mp::Address& address) {
  using Numbers = mp::DictProxy<std::string, int>;
  const Placed placed(placement, 0);
  const mp::SyncManager manager = started(placement, address);
  manager.publish("numbers", manager.dict<std::string, int>({{"key", 1}}));
  mp::SyncManager client(manager.address(), "secret");
  client.connect();
  const auto numbers = client.lookup<Numbers>("numbers");
  numbers.at("key");
  const int count = scaled(20'000);
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    numbers.at("key");
  }
  return (now() - begun) / count;
}

constexpr std::size_t sealed = 24;  // what a seal adds to a message

/// Nanoseconds for as many bytes there and back on a socket of the system, with one call for each
/// message to send it and one to receive it.
double raw_round_trip(Placement placement, const mp::Address& address) {
  namespace os = mp::detail::os;
  const os::Handle listening = os::listen_at(address.where(), 1);
  const os::Handle client = os::connect_to(os::local_address(listening.get()), os::never);
  const os::Handle server = std::move(os::accept_now(listening.get())->socket);
  std::vector<std::byte> request(60 + (address.is_tcp() ? sealed : 0));
  std::vector<std::byte> answer(request.size());
  const int count = scaled(20'000);
  const Role serve = [&](Gate& gate) {
    gate.wait();
    for (int i = 0; i < count; ++i) {
      require(os::read_all(server.get(), request), "a request");
      os::write_all(server.get(), answer);
    }
  };
  const Role call = [&](Gate& gate) {
    gate.wait();
    for (int i = 0; i < count; ++i) {
      os::write_all(client.get(), request);
      require(os::read_all(client.get(), answer), "an answer");
    }
  };
  return run_crew(placement, {call, serve}) / count;
}

double start_and_shutdown(Placement placement) {
  const Placed placed(placement, 0);
  const int count = scaled(50);
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    started(placement);
  }
  return (now() - begun) / count;
}

void add(Suite& suite, const std::string& name, std::vector<Placement> placements,
         double (*repeat)(Placement)) {
  suite.add({.name = name,
             .placements = std::move(placements),
             .contenders = [&suite, name, repeat]() -> std::vector<Contender> {
               return {{std::string(ours), repeat}, suite.python(name)};
             }});
}

void add_connected(Suite& suite, const std::string& name, const mp::Address& manager,
                   const mp::Address& raw) {
  suite.add(
      {.name = name,
       .placements = {Placement::split, Placement::same},
       .contenders = [=]() -> std::vector<Contender> {
         return {
             {std::string(ours),
              [=](Placement placement) { return connected_dict_get(placement, manager); }},
             {"raw socket", [=](Placement placement) { return raw_round_trip(placement, raw); }}};
       }});
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using bench::Placement;
  bench::Suite suite("manager", argc, argv);
  const std::vector<Placement> both{Placement::split, Placement::same};
  bench::add(suite, "dict set", both, &bench::dict_set);
  bench::add(suite, "dict get", both, &bench::dict_get);
  bench::add(suite, "list append", both, &bench::list_append);
  bench::add(suite, "namespace get", both, &bench::namespace_get);
  bench::add(suite, "queue put", both, &bench::queue_put);
  bench::add(suite, "lock and unlock", both, &bench::lock_and_unlock);
  const std::string nowhere(1, '\0');  // a name without a file
  bench::add_connected(suite, "dict get connected", {}, nowhere + "multiprocess-benchmark");
  const multiprocess::Address loopback("127.0.0.1", 0);
  bench::add_connected(suite, "dict get connected tcp", loopback, loopback);
  bench::add(suite, "start and shutdown", {Placement::free}, &bench::start_and_shutdown);
  return suite.run();
}
