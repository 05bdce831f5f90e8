// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/guest_handle.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "support/child.hpp"
#include "support/gate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace multiprocess::detail {
namespace {

class GuestHandleTest : public testing::Test {
 protected:
  GuestHandle guest() {
    return GuestHandle([this] { return std::move(pipe_.write); });
  }
  bool is_at_end() const {
    std::array<std::byte, 1> byte{};
    return os::wait_readable(pipe_.read.get(), os::at_once) &&
           os::read_some(pipe_.read.get(), byte) == 0;
  }

  os::Pipe pipe_ = os::make_pipe();
};

TEST_F(GuestHandleTest, ClosesWhatItOwns) {
  {
    GuestHandle one = guest();
    EXPECT_TRUE(one);
    const GuestHandle other = std::move(one);
    EXPECT_FALSE(one);  // NOLINT(bugprone-use-after-move)
    EXPECT_FALSE(is_at_end());
  }
  EXPECT_TRUE(is_at_end());
}

TEST_F(GuestHandleTest, GivesItAway) {
  os::Handle kept;
  {
    GuestHandle one = guest();
    kept = one.release();
    EXPECT_FALSE(one);
  }
  EXPECT_FALSE(is_at_end());
}

TEST_F(GuestHandleTest, OwnsNothingThatWasNotOpened) {
  EXPECT_THROW(GuestHandle([]() -> os::Handle { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_FALSE(GuestHandle([] { return os::Handle(); }));
}

TEST_F(GuestHandleTest, AForkedChildHasClosedIt) {
  GuestHandle one = guest();
  test::Gate over;
  test::Child child([&] {
    EXPECT_FALSE(one);
    over.wait();
  });
  one = GuestHandle([] { return os::Handle(); });
  EXPECT_TRUE(os::wait_readable(pipe_.read.get(), os::never));
  EXPECT_TRUE(is_at_end()) << "while the child lives";
  over.open();
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace multiprocess::detail
