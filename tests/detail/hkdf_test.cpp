// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/hkdf.hpp>

#include "support/hex.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::from_hex;
using test::repeated;
using test::to_hex;

TEST(HkdfSha256, IsThatOfRfc5869) {
  std::vector<std::byte> derived(42);
  hkdf_sha256(from_hex(repeated("0b", 22)), from_hex("000102030405060708090a0b0c"),
              from_hex("f0f1f2f3f4f5f6f7f8f9"), derived);
  EXPECT_EQ(to_hex(derived),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  hkdf_sha256(from_hex(repeated("0b", 22)), {}, {}, derived);
  EXPECT_EQ(to_hex(derived),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(HkdfSha256, HasALimit) {
  std::vector<std::byte> derived(8160);
  hkdf_sha256({}, {}, {}, derived);
  derived.resize(8161);
  EXPECT_THROW(hkdf_sha256({}, {}, {}, derived), std::runtime_error);
}

}  // namespace
}  // namespace multiprocess::detail
