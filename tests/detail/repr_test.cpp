// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/repr.hpp>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace {

class Thing {
 public:
  const int* begin() const { return nullptr; }  // looks like a range, prints like a thing
  const int* end() const { return nullptr; }

  friend std::string mp_repr(const Thing&) { return "<Thing>"; }
};

static_assert(multiprocess::detail::Represented<Thing>);
static_assert(!multiprocess::detail::Represented<std::vector<Thing>>);

TEST(Repr, OneFunctionServesFmtAndStreams) {
  using multiprocess::operator<<;  // found by itself for types of ours
  std::ostringstream out;
  out << Thing();
  EXPECT_EQ(out.str(), "<Thing>");
  EXPECT_EQ(fmt::format("{}", Thing()), "<Thing>");
}

TEST(Repr, TakesAWidth) {
  EXPECT_EQ(fmt::format("{:>9}|{:<8}|", Thing(), Thing()), "  <Thing>|<Thing> |");
}

}  // namespace
