// SPDX-License-Identifier: BSD-3-Clause
// Six processes want a resource of which there are two.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace mp = multiprocess;

constexpr int workers = 6;
constexpr int turns = 50;

/// Says when it begins to use the resource, and when it ends.
void use(const mp::BoundedSemaphore& resource, const mp::Queue<int>& changes) {
  for (int i = 0; i < turns; ++i) {
    const std::scoped_lock guard(resource);
    changes.put(+1);
    changes.put(-1);
  }
}

int main() {
  const mp::BoundedSemaphore resource(2);
  const mp::Queue<int> changes;
  std::vector<mp::Process> processes;
  for (int i = 0; i < workers; ++i) {
    processes.emplace_back(use, resource, changes).start();
  }
  int users = 0;
  int most = 0;
  for (int i = 0; i < 2 * workers * turns; ++i) {
    users += changes.get();
    most = std::max(most, users);
  }
  for (mp::Process& process : processes) {
    process.join();
  }
  fmt::print("{}, and {}\n", resource, most <= 2 ? "never more than two at a time" : "a crowd");
  try {
    resource.release();
  } catch (const mp::ValueError& error) {
    fmt::print("{}\n", error.what());
  }
}
