// SPDX-License-Identifier: BSD-3-Clause
// The tour of a Pool at the beginning of Python's documentation.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

int f(int x) {
  return x * x;
}

int own_pid() {
  return mp::current_process().pid();
}

int main() {
  {
    mp::Pool pool({.processes = 4});  // four workers
    fmt::print("{}\n", pool.map(f, mp::range(10)));

    std::multiset<int> numbers;
    for (const int number : pool.imap_unordered(f, mp::range(10))) {
      numbers.insert(number);  // they come in any order
    }
    fmt::print("{}\n", numbers);

    const auto square = pool.apply_async(f, 20);  // in one process only
    fmt::print("{}\n", square.get(1s));

    const auto pid = pool.apply_async(own_pid);
    fmt::print("an own pid: {}\n", pid.get(1s) != own_pid());

    std::vector<mp::AsyncResult<int>> pids;
    std::generate_n(std::back_inserter(pids), 4, [&] { return pool.apply_async(own_pid); });
    std::set<int> workers;  // several calls may be done by several processes
    for (const auto& result : pids) {
      workers.insert(result.get(1s));
    }
    fmt::print("one to four workers: {}\n", !workers.empty() && workers.size() <= 4);

    const auto sleep = pool.apply_async([] { std::this_thread::sleep_for(10s); });
    try {
      sleep.get(100ms);
    } catch (const mp::TimeoutError&) {
      fmt::print("we lacked patience and got a TimeoutError\n");
    }
    fmt::print("for the moment, the pool remains available for more work\n");
  }
  fmt::print("now the pool is closed and no longer available\n");
}
