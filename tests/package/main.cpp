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

int main() {
  for (auto method : {mp::StartMethod::fork, mp::StartMethod::spawn, mp::StartMethod::forkserver}) {
    if (squared(7, method) != 49) {
      return 1;
    }
  }
  std::puts(MULTIPROCESS_VERSION);
}
