// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/authentication.hpp>

#include <multiprocess/process.hpp>
#include <multiprocess/serialization.hpp>

#include <gtest/gtest.h>

#include <ranges>
#include <string>
#include <vector>

namespace mp = multiprocess;

namespace {

mp::AuthenticationString string_of(const mp::Key& key) {
  mp::Process p;
  p.set_authkey(key);
  return p.authkey();
}

TEST(AuthenticationString, IsARangeOfBytes) {
  static_assert(std::ranges::contiguous_range<mp::AuthenticationString>);
  const mp::AuthenticationString key = string_of("ab");
  EXPECT_EQ(std::vector(key.begin(), key.end()), (std::vector{std::byte{'a'}, std::byte{'b'}}));
}

TEST(AuthenticationString, ComparesBytes) {
  EXPECT_EQ(string_of("one"), string_of("one"));
  EXPECT_NE(string_of("one"), string_of("two"));
  EXPECT_NE(string_of("one"), string_of("one more"));
  EXPECT_NE(string_of("one"), string_of(""));
  EXPECT_TRUE(string_of("one") == "one");
  EXPECT_TRUE("two" != string_of("one"));
}

TEST(AuthenticationString, NeitherCrossesNorPrints) {
  static_assert(!mp::sendable<mp::AuthenticationString>);
  static_assert(!mp::detail::Represented<mp::AuthenticationString>);
}

TEST(AuthenticationString, OfTheRootIsRandom) {
  EXPECT_EQ(mp::current_process().authkey().size(), 32U);
  EXPECT_EQ(mp::Process().authkey(), mp::current_process().authkey());
}

TEST(Key, IsMadeFromTextBytesAndKeys) {
  const std::vector<std::byte> bytes{std::byte{'k'}};
  const mp::AuthenticationString expected = string_of("k");
  EXPECT_EQ(string_of(std::string("k")), expected);
  EXPECT_EQ(string_of(std::string_view("k")), expected);
  EXPECT_EQ(string_of(bytes), expected);
  EXPECT_EQ(string_of(expected), expected);
  const char* const nothing = nullptr;
  EXPECT_THROW(mp::Key{nothing}, mp::TypeError);
}

TEST(AuthenticationString, IsEmptyOnceItWasMovedFrom) {
  mp::AuthenticationString from = mp::current_process().authkey();
  const mp::AuthenticationString to = std::move(from);
  EXPECT_EQ(from.size(), 0u);
  EXPECT_FALSE(from == to);
}

}  // namespace
