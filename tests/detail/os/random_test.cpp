// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace multiprocess::detail::os {
namespace {

TEST(Random, FillsEveryByte) {
  std::vector<std::byte> seen(1000);
  std::vector<bool> changed(seen.size());
  for (int round = 0; round < 8; ++round) {
    fill_random(seen);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      changed[i] = changed[i] || seen[i] != std::byte{0};
    }
  }
  EXPECT_TRUE(std::all_of(changed.begin(), changed.end(), [](bool each) { return each; }));
}

TEST(Random, DoesNotRepeatItself) {
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 100; ++i) {
    numbers.insert(random_number());
  }
  EXPECT_EQ(numbers.size(), 100U);
}

}  // namespace
}  // namespace multiprocess::detail::os
