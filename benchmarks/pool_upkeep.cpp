// SPDX-License-Identifier: BSD-3-Clause
// What it costs to make a pool, to have one, and to have done much with it.
#include "harness/crew.hpp"
#include "pool_cases.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace bench {

namespace {

namespace mp = multiprocess;

double make(Placement placement) {
  const Placed placed(placement, 0);
  return each(scaled(50), [] {
    mp::Pool pool(2);
    pool.close();
    pool.join();
    return 0;
  });
}

/// The processes that this thread has started.
std::vector<int> children() {
  std::ifstream file("/proc/thread-self/children");
  return {std::istream_iterator<int>(file), {}};
}

/// Percent of a CPU that a process and those of its pool use in ten seconds without work.
double idle(Placement placement) {
  const Placed placed(placement, 0);
  const std::vector<int> others = children();
  mp::Pool pool(2);
  pool.map(same, numbers(1000));                                // all that a first time costs
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until nobody looks for more
  std::vector<int> mine = children();
  std::erase_if(mine, [&](int pid) { return std::ranges::count(others, pid) != 0; });
  const auto used = [&] { return cpu_time() + cpu_time_of(mine); };
  const double before = used();
  const double begun = now();
  std::this_thread::sleep_for(std::chrono::milliseconds(scaled(10'000)));  // what is measured
  return 100 * (used() - before) / (now() - begun);
}

/// MiB of memory that the process uses, that of the arena among it: now, or at its most so far.
double memory(const std::string& which) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(which)) {
      return std::stod(line.substr(which.size())) / 1024;
    }
  }
  throw std::runtime_error("no " + which);
}

/// The memory of a process of its own before and after maps of many items.
class Footprint {
 public:
  Footprint() { pool_.map(same, numbers(1000)); }

  double peak() {
    const double before = memory("VmRSS:");
    map();
    return memory("VmHWM:") - before;
  }
  double growth() {
    map();
    const double before = memory("VmRSS:");
    for (int i = 0; i < 4; ++i) {
      map();
    }
    return std::max(0.0, memory("VmRSS:") - before);
  }

 private:
  void map() { require(pool_.map(same, items_) == items_, "map"); }

  std::vector<int> items_ = numbers(scaled(10'000'000));
  mp::Pool pool_{2};
};

void add_memory(Suite& suite, const std::string& name, double (Footprint::*figure)()) {
  suite.add({.name = name,
             .placements = {Placement::free},
             .contenders = [figure]() -> std::vector<Contender> {
               return {{std::string(ours), [figure](Placement placement) {
                          return apart(placement, [figure] { return (Footprint().*figure)(); });
                        }}};
             },
             .unit = "MiB",
             .most_rounds = 3});
}

}  // namespace

void add_upkeep(Suite& suite) {
  suite.add({.name = "make",
             .placements = {Placement::free, Placement::same},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {{std::string(ours), make}, suite.python("make")};
             }});
  suite.add({.name = "idle",
             .placements = {Placement::free},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {{std::string(ours), idle}, suite.python("idle")};
             },
             .unit = "% CPU",
             .most_rounds = 2});
}

void add_footprint(Suite& suite) {
  add_memory(suite, "memory of map 10M", &Footprint::peak);
  add_memory(suite, "memory growth, 4 x map 10M", &Footprint::growth);
}

}  // namespace bench
