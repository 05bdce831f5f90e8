// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/lasting.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace multiprocess::detail {
namespace {

class Counted {
 public:
  constexpr Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { ++destroyed; }

  static constinit int destroyed;
};
constinit int Counted::destroyed = 0;

constinit Lasting<std::vector<int>> early;

// Before the object would be made, were it made by code at its place.
const bool was_used_early = [] {
  early->push_back(1);
  return true;
}();

TEST(LastingTest, IsThereBeforeAnyCodeRuns) {
  EXPECT_TRUE(was_used_early);
  EXPECT_EQ(*early, std::vector<int>{1});
}

TEST(LastingTest, IsNeverDestroyed) {
  {
    Lasting<Counted> kept;
    static_cast<void>(*kept);
  }
  EXPECT_EQ(Counted::destroyed, 0);
}

}  // namespace
}  // namespace multiprocess::detail
