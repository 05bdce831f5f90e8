// SPDX-License-Identifier: BSD-3-Clause
// What it costs to make a pool, to have one, and to have done much with it.
#include "harness/crew.hpp"
#include "pool_cases.hpp"

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

/// Nanoseconds from the kill of a worker in a task to the error at who waits for that, of some
/// hundred kills: the shortest first.
std::vector<double> losses(mp::Pool& pool) {
  const mp::Queue<int> begun;
  std::vector<double> times;
  for (int i = scaled(300); i > 0; --i) {
    const auto task = pool.apply_async([begun] {
      begun.put(mp::current_process().pid());
      mp::Queue<int>().get();
    });
    const int worker = begun.get();
    const double killed = now();
    kill(worker, SIGKILL);
    try {
      task.get();
      throw std::logic_error("the worker lives");
    } catch (const mp::WorkerDied& died) {
      times.push_back(now() - killed);
      require(died.pid() == worker, "who died");
    }
  }
  std::ranges::sort(times);
  return times;
}

/// So many of a hundred are not longer.
double percentile(const std::vector<double>& sorted, std::size_t percent) {
  return sorted[(sorted.size() * percent + 99) / 100 - 1];
}

void add_losses(Suite& suite, const std::string& name, std::size_t percent) {
  suite.add({.name = name,
             .placements = {Placement::free},
             .contenders = [percent]() -> std::vector<Contender> {
               return {with_pool(std::string(ours), [percent](mp::Pool& pool) {
                 return percentile(losses(pool), percent);
               })};
             },
             .most_rounds = 3});
}

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
  add_losses(suite, "worker killed, median", 50);
  add_losses(suite, "worker killed, p99", 99);
}

void add_footprint(Suite& suite) {
  add_memory(suite, "memory of map 10M", &Footprint::peak);
  add_memory(suite, "memory growth, 4 x map 10M", &Footprint::growth);
}

}  // namespace bench
