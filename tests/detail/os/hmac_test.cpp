// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/hmac.hpp>

#include "support/hex.hpp"
#include "support/python.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace multiprocess::detail::os {
namespace {

using test::bytes_of;
using test::from_hex;
using test::repeated;
using test::to_hex;

std::string hmac_of(const std::vector<std::byte>& key, const std::vector<std::byte>& data) {
  return to_hex(hmac_sha256(key, {data}));
}

TEST(HmacSha256, IsThatOfRfc4231) {
  EXPECT_EQ(hmac_of(from_hex(repeated("0b", 20)), bytes_of("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_of(bytes_of("Jefe"), bytes_of("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_of(from_hex(repeated("aa", 20)), from_hex(repeated("dd", 50))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hmac_of(from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
                    from_hex(repeated("cd", 50))),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(hmac_of(from_hex(repeated("aa", 131)),
                    bytes_of("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesItsInputInParts) {
  const auto key = bytes_of("Jefe");
  EXPECT_EQ(hmac_sha256(key, {bytes_of("what do ya "), {}, bytes_of("want for nothing?")}),
            hmac_sha256(key, {bytes_of("what do ya want for nothing?")}));
}

TEST(HmacSha256, AnEmptyKeyIsNotTheKeyOfBefore) {
  hmac_sha256(bytes_of("Jefe"), {bytes_of("x")});
  EXPECT_EQ(hmac_of({}, {}), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacMd5, IsThatOfRfc2202) {
  EXPECT_EQ(to_hex(hmac_md5(bytes_of("Jefe"), {bytes_of("what do ya want for nothing?")})),
            "750c783e6ab0b503eaa86e310a5db738");
}

TEST(HmacSha256, IsPythonsForRandomInput) {
  if (!test::has_python()) {
    GTEST_SKIP() << "there is no python3 here";
  }
  // What follows from one input is the next one: 10,000 of them, of all lengths.
  std::vector<std::byte> key = bytes_of("key");
  std::vector<std::byte> data;
  for (int i = 0; i < 10'000; ++i) {
    const Sha256Mac mac = hmac_sha256(key, {data});
    key.assign(mac.begin(), mac.begin() + 1 + i % 32);
    data.insert(data.end(), mac.begin(), mac.end());
    data.resize(data.size() % (1 + static_cast<std::size_t>(i) % 300));
  }
  EXPECT_EQ(to_hex(hmac_sha256(key, {data})) + "\n", test::python(R"(
import hmac
key, data = b'key', b''
for i in range(10000):
    mac = hmac.new(key, data, 'sha256').digest()
    key = mac[:1 + i % 32]
    data += mac
    data = data[:len(data) % (1 + i % 300)]
print(hmac.new(key, data, 'sha256').hexdigest())
)"));
}

TEST(EqualInConstantTime, ComparesAll) {
  EXPECT_TRUE(equal_in_constant_time(bytes_of("abc"), bytes_of("abc")));
  EXPECT_FALSE(equal_in_constant_time(bytes_of("abc"), bytes_of("abd")));
  EXPECT_FALSE(equal_in_constant_time(bytes_of("abc"), bytes_of("ab")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

TEST(Wipe, Overwrites) {
  auto secret = bytes_of("secret");
  wipe(secret);
  EXPECT_EQ(secret, std::vector<std::byte>(6));
}

}  // namespace
}  // namespace multiprocess::detail::os
