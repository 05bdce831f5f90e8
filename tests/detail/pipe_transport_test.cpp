// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pipe_transport.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/pipe_state.hpp"
#include "support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::use_now;
using End = std::unique_ptr<Transport>;

std::pair<End, End> make_pipe(bool duplex = true) {
  const auto [first, second] = make_pipe_transports(duplex);
  return {End(first), End(second)};
}

bool is_readable(os::NativeHandle handle) {
  return os::wait_readable(handle, os::at_once);
}

std::vector<std::byte> message_of(std::size_t size) {
  return std::vector<std::byte>(size, std::byte{7});
}

TEST(PipeTransportTest, KeepsItsDirectionsAndItsSideWhenItCrosses) {
  const auto [reader, writer] = make_pipe(false);
  Outgoing outgoing(true);
  const std::uint32_t read_index = reader->pack(outgoing);
  const std::uint32_t write_index = writer->pack(outgoing);
  Incoming incoming(outgoing.refs(), std::move(outgoing.descriptors()));
  const End new_reader(receive_transport(incoming, read_index));
  const End new_writer(receive_transport(incoming, write_index));
  EXPECT_FALSE(new_reader->directions().writable);
  EXPECT_FALSE(new_writer->directions().readable);
  EXPECT_TRUE(new_reader->is_same_end(*reader));
  EXPECT_FALSE(new_reader->is_same_end(*writer));
  EXPECT_FALSE(new_reader->is_same_end(*make_pipe().first));
  new_writer->send(message_of(1));
  EXPECT_EQ(new_reader->receive_bytes(SIZE_MAX), message_of(1));
}

TEST(PipeTransportTest, TheCompanionOfADescriptorHasToBeAPipe) {
  const SharedRef other = publish_object(allocate(64), ObjectType::plain);
  Outgoing outgoing(true);
  const std::uint32_t index = outgoing.add_descriptor(os::make_pipe().read, other, 3);
  Incoming incoming(outgoing.refs(), std::move(outgoing.descriptors()));
  EXPECT_THROW(receive_transport(incoming, index), TypeError);
}

TEST(PipeTransportTest, ShowsWhatWaitedBeforeAnybodyLooked) {
  const auto [here, there] = make_pipe();
  for (int i = 0; i < 3; ++i) {
    there->send(message_of(1));
  }
  const os::NativeHandle shown = here->show();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(is_readable(shown)) << i;
    here->receive_bytes(SIZE_MAX);
  }
  EXPECT_FALSE(is_readable(shown));
  there->send(message_of(1));
  EXPECT_TRUE(is_readable(shown));
  EXPECT_EQ(here->show(), shown);
}

TEST(PipeTransportTest, ShowsItsOwnDescriptorWhenNothingWaits) {
  const auto [here, there] = make_pipe();
  EXPECT_EQ(here->show(), here->handle());
  EXPECT_FALSE(is_readable(here->show()));
  there->send(message_of(1));
  EXPECT_TRUE(is_readable(here->show()));
}

TEST(PipeTransportTest, GivesUpWhatItShowedWhenItIsClosed) {
  const auto [here, there] = make_pipe();
  there->send(message_of(1));
  const os::NativeHandle shown = here->show();
  ASSERT_NE(shown, here->handle());
  here->close();
  EXPECT_THROW(is_readable(shown), std::system_error);
}

TEST(PipeTransportTest, IsWatchedOnlyByWhoShowsIt) {
  const auto [here, there] = make_pipe();
  const os::NativeHandle shown = here->show();
  test::Child child([&end = *here] { end.close(); });
  EXPECT_EQ(child.wait(), 0);
  there->send(message_of(1));
  EXPECT_TRUE(is_readable(shown)) << "a copy closed elsewhere takes nothing from us";
}

TEST(PipeTransportTest, TouchesNothingOnceItsProcessHasLeft) {
  if (test::under_thread_sanitizer) {
    GTEST_SKIP() << "its own thread keeps the process from leaving";
  }
  test::Child child([] {
    auto ends = Pipe();
    const BellState& bell = test::incoming_state(ends.first).bell;
    ends.first.fileno();
    leave_participant();
    EXPECT_TRUE(has_left());
    const std::uint64_t closings = bell.closings;
    const std::uint64_t watchers = bell.watchers;
    ends = {};
    EXPECT_EQ(bell.closings, closings) << "the pipe is gone, and somebody else's is here by now";
    EXPECT_EQ(bell.watchers, watchers);
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST(PipeTransportTest, LeavesNothing) {
  const auto before = use_now();
  {
    const auto [here, there] = make_pipe();
    here->send(message_of(100'000));
    there->send(message_of(1));
    Outgoing outgoing(true);
    here->pack(outgoing);
  }
  EXPECT_EQ(use_now(), before);
}

}  // namespace
}  // namespace multiprocess::detail
