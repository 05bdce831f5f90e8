// SPDX-License-Identifier: BSD-3-Clause
// Managed objects inside of managed objects: what is inside lives on its own.
#include <multiprocess/manager.hpp>
#include <multiprocess/process.hpp>

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

namespace mp = multiprocess;

using Shared = mp::DictProxy<std::string, mp::Object>;
using Items = mp::ListProxy<std::string>;
using Stats = mp::DictProxy<std::string, mp::Object>;
using Active = mp::DictProxy<int, bool>;

void process_data(const Shared& data, int id) {
  const Stats stats = data["stats"].as<Stats>();
  const Active active = stats["processors"].as<Active>();
  active[id] = true;
  for (int item = 0; item < 3; ++item) {
    data["items"].as<Items>().append(fmt::format("processor {}, item {}", id, item));
    stats["total_processed"] += 1;
  }
  active[id] = false;
}

int main() {
  const mp::SyncManager manager = mp::Manager();
  const auto active = manager.dict<int, bool>({{0, false}, {1, false}, {2, false}});
  const auto stats =
      manager.dict<std::string, mp::Object>({{"total_processed", 0}, {"processors", active}});
  const Shared data = manager.dict<std::string, mp::Object>(
      {{"items", manager.list<std::string>()}, {"stats", stats}});

  std::vector<mp::Process> processors;
  for (int id = 0; id < 3; ++id) {
    processors.emplace_back(process_data, data, id);
    processors.back().start();
  }
  for (mp::Process& each : processors) {
    each.join();
  }
  fmt::print("Total items processed: {}\n", data["items"].as<Items>().size());
  fmt::print("Statistics: {}, active: {}\n", stats["total_processed"], active);
  fmt::print("{} objects\n", manager.number_of_objects());
}
