// SPDX-License-Identifier: BSD-3-Clause
// Shared data without locks of its own: what belongs together is guarded by one lock.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

void work(const mp::RawValue<int>& number, const mp::RawArray<int>& array, const mp::Lock& lock) {
  for (int i = 0; i < 5; ++i) {
    const std::scoped_lock guard(lock);
    const int before = number.value();
    std::this_thread::sleep_for(1ms);  // without the lock another one would come in between
    number.set_value(before + 1);
    for (int& item : array) {
      ++item;
    }
  }
}

int main() {
  const mp::RawValue<int> number(0);
  const mp::RawArray<int> array{0, 0, 0};
  const mp::Lock lock;

  std::vector<mp::Process> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back(work, number, array, lock).start();
  }
  for (mp::Process& worker : workers) {
    worker.join();
  }
  fmt::print("number: {}, array: {}\n", number.value(),
             std::vector<int>(array.begin(), array.end()));
}
