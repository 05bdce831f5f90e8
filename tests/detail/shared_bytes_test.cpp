// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shared_bytes.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/error.hpp>

#include "support/hex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::bytes_of;

TEST(SharedBytes, AreKept) {
  const SharedRef ref = make_shared_bytes(bytes_of("what belongs to it"));
  EXPECT_TRUE(is_shared_bytes(ref));
  const Bytes kept = shared_bytes_of(ref);
  EXPECT_EQ(std::vector(kept.begin(), kept.end()), bytes_of("what belongs to it"));
  EXPECT_EQ(shared_bytes_of(make_shared_bytes({})).size(), 0U);
}

TEST(SharedBytes, AreOverwrittenAtTheEnd) {
  SharedRef ref = make_shared_bytes(bytes_of("a secret"));
  const Bytes kept = shared_bytes_of(ref);
  ref = SharedRef();
  EXPECT_TRUE(std::all_of(kept.begin(), kept.end(), [](std::byte b) { return b == std::byte{}; }));
}

TEST(SharedBytes, AreNoOtherObject) {
  const SharedRef other = publish_object(allocate(64), ObjectType::plain);
  EXPECT_FALSE(is_shared_bytes(other));
  EXPECT_FALSE(is_shared_bytes(SharedRef()));
  EXPECT_THROW(shared_bytes_of(other), TypeError);
}

}  // namespace
}  // namespace multiprocess::detail
