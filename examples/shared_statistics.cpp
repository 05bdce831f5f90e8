// SPDX-License-Identifier: BSD-3-Clause
// Three processes fill a dict of dicts, a list and a lock in a manager's server; a fourth looks on.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;

using Items = mp::ListProxy<std::string>;
using Processors = mp::DictProxy<int, bool>;
using Dict = mp::DictProxy<std::string>;  // of values of any type

void process_data(const Dict& shared_data, int id) {
  const Items items = shared_data["items"].as<Items>();
  for (int i = 0; i < 3; ++i) {
    items.append(fmt::format("Item {} processed by {}", i, id));
  }
  const mp::AcquirerProxy lock = shared_data["stats_lock"].as<mp::AcquirerProxy>();
  const std::scoped_lock guard(lock);  // both numbers change together
  const Dict stats = shared_data["stats"].as<Dict>();
  stats["total_processed"] += 3;
  stats["processors"].as<Processors>()[id] = true;
}

void monitor_progress(const Dict& shared_data) {
  const auto lock = shared_data["stats_lock"].as<mp::AcquirerProxy>();
  const Dict stats = shared_data["stats"].as<Dict>();
  for (int total = 0; total < 9; std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
    const std::scoped_lock guard(lock);
    total = stats["total_processed"];
    fmt::print("Processed: {}, by {}\n", total, stats["processors"].as<Processors>());
  }
}

int main() {
  const mp::SyncManager manager = mp::Manager();
  const Dict stats = manager.dict<std::string, mp::Object>({{"total_processed", 0}});
  stats["processors"] = manager.dict<int, bool>({{0, false}, {1, false}, {2, false}});
  const Dict shared_data = manager.dict<std::string>();
  shared_data["items"] = manager.list<std::string>();
  shared_data["stats"] = stats;
  shared_data["stats_lock"] = manager.Lock();

  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.emplace_back(process_data, shared_data, i).start();
  }
  processes.emplace_back(monitor_progress, shared_data).start();
  for (mp::Process& process : processes) {
    process.join();
  }
  fmt::print("Total items processed: {}\nBy: {}\n", shared_data["items"].as<Items>().size(),
             stats["processors"].as<Processors>());
}
