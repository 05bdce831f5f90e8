// SPDX-License-Identifier: BSD-3-Clause
// Three processes compute in rounds: nobody begins the next round before all have ended this one,
// and the last one to come adds up what the round has given.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <vector>

namespace mp = multiprocess;

constexpr int parties = 3;
constexpr int rounds = 3;

void compute(const mp::Barrier& end_of_round, const mp::Queue<int>& parts, int number) {
  for (int round = 1; round <= rounds; ++round) {
    parts.put(number * round);
    end_of_round.wait();
  }
}

int main() {
  const mp::Queue<int> parts;
  const mp::Queue<int> sums;
  const auto add_up = [parts, sums] {
    int sum = 0;
    for (int i = 0; i < parties; ++i) {
      sum += parts.get();
    }
    sums.put(sum);
  };
  const mp::Barrier end_of_round(parties, add_up);
  std::vector<mp::Process> processes;
  for (int number = 1; number <= parties; ++number) {
    processes.emplace_back(compute, end_of_round, parts, number).start();
  }
  for (int round = 1; round <= rounds; ++round) {
    fmt::print("round {}: {}\n", round, sums.get());
  }
  for (mp::Process& process : processes) {
    process.join();
  }
}
