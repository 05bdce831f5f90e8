// SPDX-License-Identifier: BSD-3-Clause
// Tasks that are data: which function, with which arguments; tasks that throw; and asking for
// results again and again until they are there.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

struct Call {
  std::string name;
  mp::Function<int(int, int)> function;
  int a = 0;
  int b = 0;
};

std::string calculate(const Call& call) {
  return fmt::format("{}({}, {}) = {}", call.name, call.a, call.b, call.function(call.a, call.b));
}

double reciprocal(int x) {
  return x != 5 ? 1.0 / (x - 5) : throw std::domain_error("division by zero");
}

int main() {
  mp::Pool pool(4);
  std::vector<Call> calls;
  calls.push_back({"mul", [](int a, int b) { return a * b; }, 1, 7});
  calls.push_back({"plus", [](int a, int b) { return a + b; }, 2, 8});
  for (const std::string& line : pool.imap(calculate, calls)) {
    fmt::print("{}\n", line);
  }

  try {
    pool.map(reciprocal, mp::range(10));
  } catch (const std::domain_error& error) {
    fmt::print("map: {}\n", error.what());
  }

  auto results = pool.imap(reciprocal, mp::range(4, 7));
  while (true) {
    try {
      const auto result = results.next(20ms);
      if (!result) {
        break;
      }
      fmt::print("imap: {}\n", *result);
    } catch (const mp::TimeoutError&) {
      // Not yet: here is time for other things.
    } catch (const std::domain_error& error) {
      fmt::print("imap: {}\n", error.what());  // and it goes on
    }
  }
}
