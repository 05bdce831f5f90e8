// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <multiprocess/queue.hpp>

#include "support/forked.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

// A core dump would fault in every hole of the reservation: minutes, and gigabytes.

namespace multiprocess::test {
namespace {

struct Mapping {
  std::string name;
  std::string flags;
};

std::vector<Mapping> arena_mappings() {
  std::ifstream smaps("/proc/self/smaps");
  std::vector<Mapping> found;
  bool is_arena = false;
  for (std::string line; std::getline(smaps, line);) {
    if (const auto dash = line.find('-'); dash < line.find(' ')) {  // a range of addresses
      is_arena = line.find("multiprocess-arena") != std::string::npos;
      if (is_arena) {
        found.push_back({line, ""});
      }
    } else if (is_arena && line.starts_with("VmFlags:")) {
      found.back().flags = line + " ";
    }
  }
  return found;
}

bool is_left_out_of_dumps() {
  const std::vector<Mapping> mappings = arena_mappings();
  for (const Mapping& mapping : mappings) {
    if (mapping.flags.find(" dd ") == std::string::npos) {
      return false;
    }
  }
  return !mappings.empty();
}

TEST(CoreDump, LeavesTheArenaOut) {
  const Queue<std::vector<char>> queue;
  EXPECT_TRUE(is_left_out_of_dumps());
  queue.put(std::vector<char>(50'000'000));  // it has grown
  EXPECT_TRUE(is_left_out_of_dumps());
}

class CoreDumpOf : public StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(CoreDumpOf);

TEST_P(CoreDumpOf, AChildToo) {
  const auto look = [](const Lock& lock) {
    lock.acquire();
    exit(is_left_out_of_dumps() ? 0 : 1);
  };
  EXPECT_EQ(exitcode_of(look, Lock()), 0);
}

TEST(CoreDump, OfAPlainForkToo) {
  const Lock lock;
  EXPECT_TRUE(Forked([&] {
                lock.acquire();
                if (!is_left_out_of_dumps()) {
                  _exit(1);
                }
              }).succeeds());
}

}  // namespace
}  // namespace multiprocess::test
