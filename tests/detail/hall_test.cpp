// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/hall.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/shared_bytes.hpp>

#include "support/child.hpp"
#include "support/handle_limit.hpp"

#include <gtest/gtest.h>

#include <array>
#include <system_error>

namespace multiprocess::detail {
namespace {

class HallTest : public testing::Test {
 protected:
  /// Whose stream ends in `pipe_`.
  bool leave(std::uint32_t frames) {
    Hall::Guest guest{};
    guest.handshake.frames = frames;
    return hall_->leave(pipe_.write.get(), guest);
  }

  const std::shared_ptr<Hall> hall_ = Hall::make();
  os::Pipe pipe_ = os::make_pipe();
};

TEST_F(HallTest, WhoCameFirstLeavesFirst) {
  EXPECT_FALSE(hall_->take());
  EXPECT_TRUE(leave(1));
  EXPECT_TRUE(leave(2));
  EXPECT_TRUE(os::wait_readable(hall_->handle(), os::at_once));
  EXPECT_EQ(hall_->take()->second.handshake.frames, 1U);
  const auto [stream, guest] = *hall_->take();
  EXPECT_EQ(guest.handshake.frames, 2U);
  os::write_all(stream.get(), std::array{std::byte{7}});
  EXPECT_TRUE(os::wait_readable(pipe_.read.get(), os::at_once));
  EXPECT_FALSE(hall_->take());
}

TEST_F(HallTest, IsFullSomeDay) {
  int count = 0;
  while (count < 100'000 && leave(0)) {
    ++count;
  }
  EXPECT_GT(count, 50);
  EXPECT_LT(count, 100'000);
}

TEST_F(HallTest, WhoComesTooEarlyStaysInIt) {
  if (test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer needs a descriptor to look at memory";
  }
  EXPECT_TRUE(leave(1));
  {
    const test::HandleLimit none(static_cast<rlim_t>(os::duplicate(pipe_.read.get()).get()));
    EXPECT_THROW(hall_->take(), std::system_error);
  }
  EXPECT_TRUE(hall_->take());
}

TEST_F(HallTest, IsCommonAfterAFork) {
  EXPECT_FALSE(hall_->is_common());
  test::Child child([this] {
    EXPECT_TRUE(hall_->is_common());
    EXPECT_TRUE(leave(3));
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(hall_->is_common());
  EXPECT_EQ(hall_->take()->second.handshake.frames, 3U);
}

TEST_F(HallTest, CrossesBesideACompanion) {
  const SharedRef companion = make_shared_bytes(std::array{std::byte{5}});
  const auto [same, behind] = Hall::unpack(hall_->pack(companion));
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->is_common());
  EXPECT_EQ(shared_bytes_of(behind)[0], std::byte{5});
  EXPECT_TRUE(leave(4));
  EXPECT_EQ(same->take()->second.handshake.frames, 4U);
  const auto [none, alone] = Hall::unpack(companion);
  EXPECT_FALSE(none);
  EXPECT_EQ(alone, companion);
}

}  // namespace
}  // namespace multiprocess::detail
