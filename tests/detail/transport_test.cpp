// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/transport.hpp>

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/pipe_transport.hpp>
#include <multiprocess/detail/stream_transport.hpp>
#include <multiprocess/error.hpp>

#include "support/stream_handles.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using End = std::unique_ptr<Transport>;

std::pair<End, End> make_pipe(bool duplex = true) {
  const auto [first, second] = make_pipe_transports(duplex);
  return {End(first), End(second)};
}

std::pair<End, End> make_stream() {
  auto [here, there] = test::make_stream_handles();
  return {End(stream_transport(std::move(here), {})), End(stream_transport(std::move(there), {}))};
}

std::vector<std::byte> message_of(std::size_t size) {
  return std::vector<std::byte>(size, std::byte{7});
}

void save_number(OutputArchive& archive, const void* number) {
  archive.put(*static_cast<const int*>(number));
}

class TransportTest : public testing::TestWithParam<std::pair<End, End> (*)()> {
 protected:
  std::pair<End, End> ends_ = GetParam()();
  Transport& here_ = *ends_.first;
  Transport& there_ = *ends_.second;
};
INSTANTIATE_TEST_SUITE_P(Transports, TransportTest,
                         testing::Values([] { return make_pipe(); }, &make_stream));

TEST_P(TransportTest, MovesMessages) {
  for (const std::size_t size : {0U, 5U, 48U, 49U, 40'000U}) {
    there_.send(message_of(size));
    EXPECT_EQ(here_.receive_bytes(SIZE_MAX), message_of(size));
  }
  const int number = 42;
  here_.send(&number, &save_number);
  int got = 0;
  there_.receive(&got, [](void* into, Bytes message) {
    *static_cast<int*>(into) = InputArchive(message).get<int>();
  });
  EXPECT_EQ(got, 42);
}

TEST_P(TransportTest, WaitsForBytesNoLongerThanItIsTold) {
  const auto in = [](std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
  };
  EXPECT_THROW(here_.receive_bytes(SIZE_MAX, in(10ms)), TimeoutError);
  there_.send(message_of(5));
  EXPECT_EQ(here_.receive_bytes(SIZE_MAX, in(20s)), message_of(5));
}

TEST_P(TransportTest, FillsABuffer) {
  std::array<std::byte, 64> buffer{};
  there_.send(message_of(5));
  there_.send(message_of(64));
  there_.send(message_of(65));
  EXPECT_EQ(here_.receive_into(buffer), 5U);
  EXPECT_EQ(buffer[4], std::byte{7});
  EXPECT_EQ(buffer[5], std::byte{});
  EXPECT_EQ(here_.receive_into(buffer), 64U);
  try {
    here_.receive_into(buffer);
    FAIL();
  } catch (const BufferTooShort& error) {
    EXPECT_EQ(error.message(), message_of(65));
  }
}

TEST_P(TransportTest, DropsAMessageThatIsTooLong) {
  for (const std::size_t size : {2U, 49U, 100'000U}) {
    there_.send(message_of(size));
    there_.send(message_of(1));
    try {
      here_.receive_bytes(1);
      FAIL();
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::message_size);
    }
    EXPECT_EQ(here_.receive_bytes(1), message_of(1));
  }
}

TEST_P(TransportTest, KnowsTheEnd) {
  there_.send(message_of(1));
  there_.close();
  EXPECT_EQ(there_.handle(), os::no_handle);
  EXPECT_TRUE(here_.wait_ready(os::at_once));
  EXPECT_EQ(here_.receive_bytes(SIZE_MAX).size(), 1U);
  EXPECT_TRUE(here_.wait_ready(os::never));
  EXPECT_THROW(here_.receive_bytes(SIZE_MAX), EOFError);
  try {
    here_.send(message_of(1));
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::broken_pipe);
  }
}

TEST_P(TransportTest, WhatThrowsWhenItIsEncodedIsNotSent) {
  EXPECT_THROW(there_.send(nullptr, [](OutputArchive&, const void*) { throw TypeError("no"); }),
               TypeError);
  EXPECT_FALSE(here_.wait_ready(os::at_once));
}

TEST(TransportDirections, CrossAsBits) {
  for (const bool readable : {false, true}) {
    for (const bool writable : {false, true}) {
      const auto same =
          Transport::Directions::from(Transport::Directions{readable, writable}.bits());
      EXPECT_EQ(same.readable, readable);
      EXPECT_EQ(same.writable, writable);
    }
  }
}

TEST_P(TransportTest, CrossesBesideAMessage) {
  Outgoing outgoing(true);
  const std::uint32_t index = here_.pack(outgoing);
  ends_.first.reset();
  Incoming incoming(outgoing.refs(), std::move(outgoing.descriptors()));
  const End arrived(receive_transport(incoming, index));
  EXPECT_TRUE(arrived->directions().readable);
  EXPECT_TRUE(arrived->directions().writable);
  there_.send(message_of(3));
  EXPECT_EQ(arrived->receive_bytes(SIZE_MAX), message_of(3));
  arrived->send(message_of(4));
  EXPECT_EQ(there_.receive_bytes(SIZE_MAX), message_of(4));
}

TEST_P(TransportTest, DoesNotArriveWithoutItsDescriptor) {
  Outgoing outgoing(true);
  const std::uint32_t index = here_.pack(outgoing);
  Incoming incoming(outgoing.refs());
  EXPECT_THROW(receive_transport(incoming, index), ValueError);
  EXPECT_THROW(receive_transport(incoming, index + 1), ValueError);
}

}  // namespace
}  // namespace multiprocess::detail
