// SPDX-License-Identifier: BSD-3-Clause
// What it costs to wait in get().
#include "harness/crew.hpp"
#include "queue_cases.hpp"

#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

namespace mp = multiprocess;

constexpr int most_waiters = 256;

/// So many processes `wait()` for two seconds, until `end()`: percent of a CPU that they use
/// together.
double waiting(Placement placement, int count, const std::function<void()>& wait,
               const std::function<void()>& end) {
  Shared<std::array<std::atomic<int>, most_waiters>> pids;
  Shared<std::atomic<double>> share(0.0);
  std::vector<Role> roles;
  roles.emplace_back([&](Gate& gate) {
    gate.wait();
    // Until all of them sleep: 256 forked processes have some first steps to go.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const std::vector<int> waiters(pids->begin(), pids->begin() + count);
    const double before = cpu_time_of(waiters);
    const double begun = now();
    std::this_thread::sleep_for(std::chrono::seconds(2));  // what is measured
    *share = (cpu_time_of(waiters) - before) / (now() - begun);
    end();
  });
  for (int i = 0; i < count; ++i) {
    roles.emplace_back([&, i](Gate& gate) {
      (*pids)[static_cast<std::size_t>(i)] = mp::current_process().pid();
      gate.wait();
      wait();
    });
  }
  run_crew(placement, std::move(roles));
  return 100 * *share;
}

Contender getters(int count) {
  return {std::string(ours), [count](Placement placement) {
            const mp::Queue<int> queue;
            return waiting(
                placement, count, [&queue] { queue.get(); },
                [&queue, count] {
                  for (int i = 0; i < count; ++i) {
                    queue.put(i);
                  }
                });
          }};
}

/// What it costs here to wake up at all, once a second.
Contender sleepers(int count) {
  return {"sleep 1 s", [count](Placement placement) {
            const auto sleep = [] {
              for (int i = 0; i < 4; ++i) {
                std::this_thread::sleep_for(std::chrono::seconds(1));
              }
            };
            return waiting(placement, count, sleep, [] {});
          }};
}

void add(Suite& suite, std::string name, int count) {
  suite.add({.name = std::move(name),
             .placements = {Placement::free},
             .contenders = [count]() -> std::vector<Contender> {
               return {getters(count), sleepers(count)};
             },
             .unit = "% CPU",
             .most_rounds = 3});
}

}  // namespace

void add_idle(Suite& suite) {
  add(suite, "idle get", 1);
  add(suite, "256 idle gets", most_waiters);
}

}  // namespace bench
