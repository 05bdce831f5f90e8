// SPDX-License-Identifier: BSD-3-Clause
// Three processes say hello and goodbye: Python's quickstart, line by line.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

void worker_function(const std::string& name) {
  fmt::print("Process {}: Hello, {}!\n", mp::current_process().pid(), name);
  std::this_thread::sleep_for(500ms);
  fmt::print("Process {}: Goodbye, {}!\n", mp::current_process().pid(), name);
}

int main() {
  fmt::print("Main process: {}\n", mp::current_process().pid());

  std::vector<mp::Process> processes;
  for (const char* name : {"Alice", "Bob", "Charlie"}) {
    processes.emplace_back(worker_function, name).start();
  }
  for (mp::Process& process : processes) {
    process.join();
  }
  fmt::print("Main process: All workers finished.\n");
}
