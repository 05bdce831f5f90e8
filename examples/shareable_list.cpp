// SPDX-License-Identifier: BSD-3-Clause
// A list in shared memory that Python programs can read and write as well.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <mutex>
#include <string>
#include <vector>

namespace mp = multiprocess;

void add_to_numbers(const std::string& name, const mp::Lock& lock, int more) {
  const mp::ShareableList list = mp::ShareableList::attach(name);
  const std::scoped_lock guard(lock);  // the list has none of its own
  for (auto item : list) {
    if (mp::ShareableList::Item(item).is<std::int64_t>()) {
      item = item.as<int>() + more;
    }
  }
}

int main() {
  const mp::ShareableList list({1, 2, "three", 4, mp::None});
  const mp::Lock lock;
  std::vector<mp::Process> workers;
  for (const int more : {10, 20}) {
    workers.emplace_back(add_to_numbers, list.shm().name(), lock, more).start();
  }
  for (mp::Process& worker : workers) {
    worker.join();
  }
  for (const auto& item : list) {
    fmt::print("{} ", item);
  }
  fmt::print("\n{} items, format {}\n", list.size(), list.format());
  list.shm().unlink();
}
