// SPDX-License-Identifier: BSD-3-Clause
// What it costs to wait in get().
#include "harness/crew.hpp"
#include "queue_cases.hpp"

#include <multiprocess/queue.hpp>

#include <atomic>
#include <chrono>
#include <thread>

namespace bench {

namespace {

namespace mp = multiprocess;

/// So many processes wait two seconds for an item each: percent of a CPU that they use together.
double waiting(Placement placement, int getters) {
  const mp::Queue<int> queue;
  Shared<std::atomic<double>> used(0.0);
  Shared<std::atomic<double>> waited(0.0);
  std::vector<Role> roles;
  const auto put_all = [&] {
    for (int i = 0; i < getters; ++i) {
      queue.put(i);
    }
  };
  roles.emplace_back([&](Gate& gate) {
    put_all();
    gate.wait();
    const double begun = now();
    std::this_thread::sleep_for(std::chrono::seconds(2));  // what is measured
    *waited = now() - begun;
    put_all();
  });
  for (int i = 0; i < getters; ++i) {
    roles.emplace_back([&](Gate& gate) {
      queue.get();  // all that a first time costs
      gate.wait();
      const double before = cpu_time();
      queue.get();
      *used += cpu_time() - before;
    });
  }
  run_crew(placement, std::move(roles));
  return 100 * *used / *waited;
}

void add(Suite& suite, std::string name, int getters) {
  suite.add({.name = std::move(name),
             .placements = {Placement::free},
             .contenders = [getters]() -> std::vector<Contender> {
               return {{std::string(ours),
                        [getters](Placement placement) { return waiting(placement, getters); }}};
             },
             .unit = "% CPU",
             .most_rounds = 3});
}

}  // namespace

void add_idle(Suite& suite) {
  add(suite, "idle get", 1);
  add(suite, "256 idle gets", 256);
}

}  // namespace bench
