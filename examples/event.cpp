// SPDX-License-Identifier: BSD-3-Clause
// Runners wait for the shot; one of them loses patience.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <chrono>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

void run(const mp::Event& shot, const mp::Queue<int>& finish, int number) {
  shot.wait();
  finish.put(number);
}

int main() {
  const mp::Event shot;
  const mp::Queue<int> finish;
  std::vector<mp::Process> runners;
  for (int number = 1; number <= 3; ++number) {
    runners.emplace_back(run, shot, finish, number).start();
  }
  mp::Process impatient([shot] { mp::exit(shot.wait(10ms) ? 0 : 1); });
  impatient.start();
  impatient.join();
  fmt::print("before the shot: {} finished, exit code {}\n", finish.qsize(),
             impatient.exitcode().value());

  shot.set();
  const int sum = finish.get() + finish.get() + finish.get();
  fmt::print("after it: {} = 1 + 2 + 3\n", sum);
  for (mp::Process& runner : runners) {
    runner.join();
  }
}
