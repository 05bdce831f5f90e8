// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/multiprocess.hpp>

#include <cstdio>

namespace mp = multiprocess;

int squared(int n, mp::StartMethod method) {
  mp::Queue<int> queue;
  mp::Process process(
      {.start_method = method}, [queue](int x) { queue.put(x * x); }, n);
  process.start();
  const int result = queue.get();
  process.join();
  return result;
}

void meet(mp::Barrier barrier) {
  barrier.wait();
}

/// The library itself decodes the action, whatever compiler it was made by.
int done_by_the_last(mp::StartMethod method) {
  const mp::Queue<int> queue;
  const mp::Barrier barrier(2, [queue] { queue.put(7); });
  mp::Process process({.start_method = method}, meet, barrier);
  process.start();
  barrier.wait();
  process.join();
  return queue.get();
}

int main() {
  for (auto method : {mp::StartMethod::fork, mp::StartMethod::spawn, mp::StartMethod::forkserver}) {
    if (squared(7, method) != 49 || done_by_the_last(method) != 7) {
      return 1;
    }
  }
  std::puts(MULTIPROCESS_VERSION);
}
