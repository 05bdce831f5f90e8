// SPDX-License-Identifier: BSD-3-Clause
// A child puts a greeting on a queue, the parent takes it off.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <string>

namespace mp = multiprocess;

void f(mp::Queue<std::string>& q) {
  q.put("hello world");
}

int main() {
  mp::Queue<std::string> q;
  mp::Process p(f, q);
  p.start();
  fmt::print("{}\n", q.get());
  p.join();
}
