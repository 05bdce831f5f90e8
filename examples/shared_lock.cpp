// SPDX-License-Identifier: BSD-3-Clause
// Four processes count up one number in a file. Without the lock some of the steps would be lost.
#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

namespace mp = multiprocess;

int read_number(const std::string& path) {
  int number = 0;
  std::ifstream(path) >> number;
  return number;
}

void count_up(const mp::Lock& lock, const std::string& path, int times) {
  for (int i = 0; i < times; ++i) {
    const std::scoped_lock guard(lock);  // a Lock is a mutex to the standard library
    const int number = read_number(path);
    std::ofstream(path) << number + 1;
  }
}

int main() {
  const auto name = fmt::format("shared_lock-{}.txt", mp::current_process().pid());
  const std::string path = (std::filesystem::temp_directory_path() / name).string();

  const mp::Lock lock;
  std::vector<mp::Process> processes;
  for (int i = 0; i < 4; ++i) {
    processes.emplace_back(count_up, lock, path, 250).start();
  }
  for (mp::Process& process : processes) {
    process.join();
  }
  fmt::print("4 processes x 250 steps = {}, {}\n", read_number(path), lock);
  std::filesystem::remove(path);
}
