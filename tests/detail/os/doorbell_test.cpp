// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/doorbell.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>

#include <system_error>
#include <thread>

namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using multiprocess::test::Child;
using os::DoorbellState;

namespace {

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

bool is_readable(os::NativeHandle handle) {
  return os::wait_readable(handle, os::at_once);
}

class Doorbell : public testing::Test {
 protected:
  DoorbellState look() const { return os::wait_for_doorbell(here_.get(), os::at_once); }

  std::pair<os::Handle, os::Handle> ends_ = os::make_doorbell();
  os::Handle& here_ = ends_.first;
  os::Handle& there_ = ends_.second;
};

TEST_F(Doorbell, RingsAtTheOtherEndUntilItIsSilenced) {
  EXPECT_EQ(look(), DoorbellState::quiet);
  os::ring_doorbell(there_.get());
  EXPECT_EQ(look(), DoorbellState::rung);
  EXPECT_EQ(look(), DoorbellState::rung) << "to look changes nothing";
  EXPECT_TRUE(is_readable(here_.get()));
  EXPECT_FALSE(is_readable(there_.get()));
  os::silence_doorbell(here_.get());
  EXPECT_EQ(look(), DoorbellState::quiet);
}

TEST_F(Doorbell, BothEndsRing) {
  os::ring_doorbell(here_.get());
  EXPECT_EQ(os::wait_for_doorbell(there_.get(), os::never), DoorbellState::rung);
  EXPECT_EQ(look(), DoorbellState::quiet);
}

TEST_F(Doorbell, RingsMoreOftenThanTheSystemCanKeep) {
  for (int i = 0; i < 10'000; ++i) {
    os::ring_doorbell(there_.get());
  }
  EXPECT_EQ(look(), DoorbellState::rung);
  os::silence_doorbell(here_.get());
  EXPECT_EQ(look(), DoorbellState::quiet);
}

TEST_F(Doorbell, TellsThatTheOtherEndIsGone) {
  EXPECT_FALSE(os::other_end_is_gone(here_.get()));
  there_.reset();
  EXPECT_TRUE(os::other_end_is_gone(here_.get()));
  EXPECT_EQ(look(), DoorbellState::gone);
  EXPECT_EQ(os::wait_for_doorbell(here_.get(), os::never), DoorbellState::gone);
  EXPECT_TRUE(is_readable(here_.get()));
  os::silence_doorbell(here_.get());
  EXPECT_EQ(look(), DoorbellState::gone);
}

TEST_F(Doorbell, IsGoneWhateverItHasRung) {
  os::ring_doorbell(there_.get());
  os::ring_doorbell(here_.get());
  there_.reset();
  EXPECT_EQ(look(), DoorbellState::gone);
}

TEST_F(Doorbell, RingingAtNobodyDoesNothing) {
  there_.reset();
  os::ring_doorbell(here_.get());
  EXPECT_EQ(look(), DoorbellState::gone);
}

TEST_F(Doorbell, IsThereWhileAnyCopyIs) {
  const os::Handle copy = os::duplicate(there_.get());
  there_.reset();
  EXPECT_FALSE(os::other_end_is_gone(here_.get()));
  os::ring_doorbell(copy.get());
  EXPECT_EQ(look(), DoorbellState::rung);
}

TEST_F(Doorbell, IsGoneWhenTheProcessIs) {
  Child child([this] {
    here_.reset();
    multiprocess::test::wait_to_be_killed();
  });
  there_.reset();
  EXPECT_EQ(look(), DoorbellState::quiet);
  child.kill();
  EXPECT_EQ(os::wait_for_doorbell(here_.get(), in(20s)), DoorbellState::gone);
}

TEST_F(Doorbell, WaitsUntilTheDeadline) {
  const os::Deadline deadline = in(20ms);
  EXPECT_EQ(os::wait_for_doorbell(here_.get(), deadline), DoorbellState::quiet);
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

TEST_F(Doorbell, WakesWhoWaits) {
  std::thread waiter(
      [this] { EXPECT_EQ(os::wait_for_doorbell(here_.get(), os::never), DoorbellState::rung); });
  std::this_thread::sleep_for(20ms);
  os::ring_doorbell(there_.get());
  waiter.join();
}

TEST_F(Doorbell, AClosedEndIsASystemError) {
  const os::NativeHandle closed = here_.get();
  here_.reset();
  EXPECT_THROW(os::wait_for_doorbell(closed, os::at_once), std::system_error);
  EXPECT_THROW(os::other_end_is_gone(closed), std::system_error);
  EXPECT_THROW(os::wait_for_doorbell(os::no_handle, os::never), std::system_error);
}

TEST_F(Doorbell, AViewIsReadableAtFirstAndThenWhileTheEndIs) {
  const os::DoorbellView view = os::view_doorbell(here_.get());
  EXPECT_TRUE(is_readable(view.handle.get()));
  os::put_out(view);
  EXPECT_FALSE(is_readable(view.handle.get()));
  os::put_out(view);
  os::ring_doorbell(there_.get());
  EXPECT_TRUE(is_readable(view.handle.get()));
  os::silence_doorbell(here_.get());
  EXPECT_FALSE(is_readable(view.handle.get()));
  there_.reset();
  EXPECT_TRUE(is_readable(view.handle.get()));
}

}  // namespace
