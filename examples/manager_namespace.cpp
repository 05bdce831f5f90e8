// SPDX-License-Identifier: BSD-3-Clause
// A bag of named values that processes change: += is one step for all of them.
#include <multiprocess/manager.hpp>
#include <multiprocess/process.hpp>

#include <fmt/format.h>

#include <string>
#include <vector>

namespace mp = multiprocess;

using Messages = mp::ListProxy<std::string>;

void update(const mp::NamespaceProxy& ns, int worker_id) {
  for (int i = 0; i < 100; ++i) {
    ns["counter"] += 1;
  }
  ns.get<Messages>("messages").append(fmt::format("Message from worker {}", worker_id));
  ns[fmt::format("worker_{}_status", worker_id)] = "completed";
}

int main() {
  const mp::SyncManager manager = mp::Manager();
  const auto ns = manager.Namespace();
  ns["counter"] = 0;
  ns["messages"] = manager.list<std::string>();

  std::vector<mp::Process> processes;
  for (int i = 0; i < 4; ++i) {
    processes.emplace_back(update, ns, i);
    processes.back().start();
  }
  for (mp::Process& each : processes) {
    each.join();
  }
  const auto messages = ns.get<Messages>("messages");
  messages.sort();
  fmt::print("Counter: {}\nMessages: {}\n", ns["counter"], messages);
  for (const std::string& name : ns.names()) {
    if (name != "messages") {
      fmt::print("{}: {}\n", name, ns[name]);
    }
  }
}
