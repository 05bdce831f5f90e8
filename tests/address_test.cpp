// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/address.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/serialization.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace mp = multiprocess;
using mp::Address;

namespace {

TEST(Address, IsAPathOrAHostAndAPort) {
  const Address path("/tmp/socket");
  EXPECT_EQ(path.path(), "/tmp/socket");
  EXPECT_FALSE(path.is_tcp());
  const Address tcp("localhost", 5000);
  EXPECT_EQ(tcp.host(), "localhost");
  EXPECT_EQ(tcp.port(), 5000);
  EXPECT_TRUE(tcp.is_tcp());
  EXPECT_EQ(tcp.path(), "");
}

TEST(Address, TakesTheWaysToWriteOne) {
  const std::string text = "/tmp/socket";
  const Address from_text = text;
  const Address from_literal = "/tmp/socket";
  EXPECT_EQ(from_text, from_literal);
  EXPECT_EQ(Address("host", 80U), Address("host", 80L));
  EXPECT_TRUE(Address("", 0).is_tcp());
  EXPECT_NE(Address("", 0), Address());
}

TEST(Address, ComparesAndHashes) {
  const std::unordered_set<Address> all{"/a", "/b", {"h", 1}, {"h", 2}, "/a"};
  EXPECT_EQ(all.size(), 4U);
  EXPECT_TRUE(all.contains(Address("h", 2)));
}

TEST(Address, PrintsAsInPython) {
  EXPECT_EQ(fmt::format("{}", Address("/tmp/socket")), "'/tmp/socket'");
  EXPECT_EQ(fmt::format("{}", Address("127.0.0.1", 5000)), "('127.0.0.1', 5000)");
  EXPECT_EQ(fmt::format("{}", Address(std::string("\0name", 5))), "b'\\x00name'");
  EXPECT_EQ(fmt::format("{}", Address()), "''");
}

TEST(Address, RefusesWhatIsNone) {
  EXPECT_THROW(Address("host", -1), mp::ValueError);
  EXPECT_THROW(Address("host", 65536), mp::ValueError);
  EXPECT_THROW(Address("host", UINT64_MAX), mp::ValueError);
  EXPECT_THROW(Address(std::string("a\0b", 3)), mp::ValueError);
  EXPECT_THROW(Address(std::string("a\0b", 3), 1), mp::ValueError);
}

TEST(Address, CanBeSent) {
  for (const Address& each : {Address("/a"), Address("h", 1), Address("", 0), Address()}) {
    EXPECT_EQ(mp::loads<Address>(mp::dumps(each)), each);
  }
}

}  // namespace
