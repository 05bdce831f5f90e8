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

TEST(Repr, TextIsQuotedAsPythonDoes) {
  using multiprocess::detail::quoted;
  using multiprocess::detail::quoted_bytes;
  EXPECT_EQ(quoted("it"), "'it'");
  EXPECT_EQ(quoted("it's"), R"("it's")");
  EXPECT_EQ(quoted(R"(it's "it")"), R"('it\'s "it"')");
  EXPECT_EQ(quoted("a\nb\t\x01\x7f\\ü"), R"('a\nb\t\x01\x7f\\ü')");
  EXPECT_EQ(quoted_bytes("it's\n\x80~"), R"(b"it's\n\x80~")");
}

TEST(Repr, TakesAWidth) {
  EXPECT_EQ(fmt::format("{:>9}|{:<8}|", Thing(), Thing()), "  <Thing>|<Thing> |");
}

}  // namespace
