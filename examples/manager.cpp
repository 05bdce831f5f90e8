// SPDX-License-Identifier: BSD-3-Clause
// Processes that share a dict and a list, as ex. "Manager" of the multiprocessing tutorials.
#include <multiprocess/manager.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/range.hpp>

#include <fmt/format.h>

#include <string>
#include <vector>

namespace mp = multiprocess;

using Dict = mp::DictProxy<std::string, std::string>;
using List = mp::ListProxy<std::string>;

void worker(const Dict& shared_dict, const List& shared_list, int worker_id) {
  shared_dict[fmt::format("worker_{}", worker_id)] = fmt::format("Hello from {}", worker_id);
  shared_list.append(fmt::format("Item from worker {}", worker_id));
}

int main() {
  const mp::SyncManager manager = mp::Manager();
  const Dict shared_dict = manager.dict<std::string, std::string>();
  const List shared_list = manager.list<std::string>();

  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.emplace_back(worker, shared_dict, shared_list, i);
    processes.back().start();
  }
  for (mp::Process& each : processes) {
    each.join();
  }
  shared_list.sort();
  for (const auto& [key, value] : shared_dict.copy()) {
    fmt::print("{}: {}\n", key, value);
  }
  fmt::print("{}\n", shared_list);

  const auto numbers = manager.list<int>(mp::range(10));
  numbers.reverse();
  fmt::print("{}\n{}\n", numbers, repr(numbers));
}
