// SPDX-License-Identifier: BSD-3-Clause
// Run without standard input and standard error, of which a child makes use.
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include <cstdio>
#include <stdexcept>

namespace mp = multiprocess;

int main() {
  for (const auto method :
       {mp::StartMethod::fork, mp::StartMethod::spawn, mp::StartMethod::forkserver}) {
    const mp::Queue<int> queue;
    mp::Process child(
        {.start_method = method},
        [](const mp::Queue<int>& out) {
          out.put(7);
          throw std::runtime_error("this goes nowhere");
        },
        queue);
    child.start();
    child.join();
    std::printf("%d %d\n", queue.get(), child.exitcode().value_or(-1));
  }
}
