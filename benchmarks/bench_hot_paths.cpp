// SPDX-License-Identifier: BSD-3-Clause
// The hot paths on every system: the families of benchmarks fork their processes, and Windows
// cannot. bench_hot_paths [lock item] fails when one of them takes more than so many nanoseconds.
#include <multiprocess/event.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace {

namespace mp = multiprocess;

constexpr int count = 1'000'000;

/// Nanoseconds for each operation of which `work()` does `count`, the median of five times.
template <class Work>
double each(Work work) {
  using Nanoseconds = std::chrono::duration<double, std::nano>;
  std::array<double, 5> times{};
  for (double& time : times) {
    const auto begun = std::chrono::steady_clock::now();
    work();
    time = Nanoseconds(std::chrono::steady_clock::now() - begun).count() / count;
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double lock_alone() {
  const mp::Lock lock;
  return each([&lock] {
    for (int i = 0; i < count; ++i) {
      lock.acquire();
      lock.release();
    }
  });
}

void put_for_ever(const mp::Queue<int>& queue, const mp::Event& wanted) {
  while (wanted.wait()) {
    wanted.clear();
    for (int i = 0; i < count; ++i) {
      queue.put(i);
    }
  }
}

double one_producer_one_consumer() {
  const mp::Queue<int> queue;
  const mp::Event wanted;
  mp::Process producer({.daemon = true}, put_for_ever, queue, wanted);
  producer.start();
  const auto get_all = [&] {
    wanted.set();
    for (int i = 0; i < count; ++i) {
      if (queue.get() != i) {
        throw std::runtime_error("an item is missing");
      }
    }
  };
  get_all();  // the process has started, and the memory was used once
  const double time = each(get_all);
  producer.terminate();
  producer.join();
  return time;
}

}  // namespace

int main(int argc, char** argv) {
  const double lock = lock_alone();
  fmt::print("Lock, acquire and release: {:.1f} ns\n", lock);
  const double item = one_producer_one_consumer();
  fmt::print("Queue<int>, put here and get there: {:.1f} ns an item\n", item);
  return argc == 3 && (lock > std::atof(argv[1]) || item > std::atof(argv[2])) ? 1 : 0;
}
