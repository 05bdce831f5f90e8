// SPDX-License-Identifier: BSD-3-Clause
// The objects of a manager against Python's.
#include "harness/machine.hpp"
#include "harness/suite.hpp"

#include <multiprocess/manager.hpp>

#include <functional>
#include <string>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

mp::SyncManager started(Placement placement) {
  mp::SyncManager manager(mp::ManagerOptions{.start_method = mp::StartMethod::fork});
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
  bench::add(suite, "start and shutdown", {Placement::free}, &bench::start_and_shutdown);
  return suite.run();
}
