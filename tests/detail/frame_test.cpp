// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/frame.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include "support/stream_handles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>

namespace multiprocess::detail {
namespace {

using Message = std::vector<std::byte>;

Message message_of(std::size_t size) {
  Message message(size);
  std::generate(message.begin(), message.end(), [n = 0]() mutable { return std::byte(n++ % 251); });
  return message;
}

Message bytes_of(std::initializer_list<int> numbers) {
  Message bytes;
  for (const int number : numbers) {
    bytes.push_back(static_cast<std::byte>(number));
  }
  return bytes;
}

template <class F>
std::errc error_of(F call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return static_cast<std::errc>(error.code().default_error_condition().value());
  }
  return {};
}

class Frame : public testing::Test {
 protected:
  Frame() { std::tie(read_, write_) = test::make_stream_handles(); }

  void send(const Message& message) const { send_frame(write_.get(), message); }
  void send_raw(const Message& bytes) const { os::write_all(write_.get(), bytes); }

  Message receive() const { return FrameReader(read_.get()).read_rest(); }
  Message receive_raw(std::size_t size) const {
    Message bytes(size);
    EXPECT_TRUE(os::read_all(read_.get(), bytes));
    return bytes;
  }

  os::Handle read_;
  os::Handle write_;
};

TEST_F(Frame, IsTheLengthInFourBytesAndTheMessage) {
  send(bytes_of({'a', 'b', 'c'}));
  EXPECT_EQ(receive_raw(7), bytes_of({0, 0, 0, 3, 'a', 'b', 'c'}));
  send({});
  EXPECT_EQ(receive_raw(4), bytes_of({0, 0, 0, 0}));
  const Message large = message_of(0x012345);
  send(large);
  EXPECT_EQ(receive_raw(4), bytes_of({0, 1, 0x23, 0x45}));
  EXPECT_EQ(receive_raw(large.size()), large);
}

TEST_F(Frame, OfMoreThanTwoGibibytesHasTwelveBytesInFront) {
  constexpr std::size_t size = 0x80000000;
  // Zeros that the system need not have before somebody looks.
  const std::unique_ptr<void, decltype(&std::free)> nothing(std::calloc(1, size), &std::free);
  ASSERT_TRUE(nothing);
  std::thread reader([this] {
    EXPECT_EQ(receive_raw(12), bytes_of({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0}));
    read_.reset();  // enough has been seen
  });
  const auto send_all = [&] {
    send_frame(write_.get(), {static_cast<const std::byte*>(nothing.get()), size});
  };
  const std::errc error = error_of(send_all);
  reader.join();
  EXPECT_TRUE(error == std::errc::broken_pipe || error == std::errc::connection_reset);
}

TEST_F(Frame, OfAnyLengthArrivesWhole) {
  for (const std::size_t size : {0U, 1U, 16'383U, 16'384U, 16'385U, 65'536U, 3'000'000U}) {
    const Message message = message_of(size);
    std::thread sender([&] {
      send(message);
      send(bytes_of({1}));
    });
    EXPECT_EQ(receive(), message);
    EXPECT_EQ(receive(), bytes_of({1}));
    sender.join();
  }
}

TEST_F(Frame, MayHaveALongHeaderForAShortMessage) {
  send_raw(bytes_of({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 'a', 'b'}));
  EXPECT_EQ(receive(), bytes_of({'a', 'b'}));
}

TEST_F(Frame, IsPutTogetherFromSingleBytes) {
  std::thread sender([this] {
    for (const int byte : {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9}) {
      send_raw(bytes_of({byte}));
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(receive(), bytes_of({7, 8}));
  EXPECT_EQ(receive(), bytes_of({9}));
  sender.join();
}

TEST_F(Frame, IsReadInPieces) {
  send(bytes_of({1, 2, 3, 4, 5}));
  send(bytes_of({6}));
  FrameReader frame(read_.get());
  EXPECT_EQ(frame.remaining(), 5U);
  std::array<std::byte, 2> piece{};
  frame.read(piece);
  EXPECT_EQ(piece[1], std::byte{2});
  EXPECT_EQ(frame.remaining(), 3U);
  frame.skip_rest();
  EXPECT_EQ(frame.remaining(), 0U);
  EXPECT_EQ(receive(), bytes_of({6}));
}

TEST_F(Frame, OfWhichNothingIsWantedIsSkipped) {
  const Message large = message_of(1'000'000);
  std::thread sender([&] {
    send(large);
    send(bytes_of({6}));
  });
  FrameReader(read_.get()).skip_rest();
  EXPECT_EQ(receive(), bytes_of({6}));
  sender.join();
}

TEST_F(Frame, TheEndBetweenMessagesIsTheEnd) {
  send(bytes_of({1}));
  write_.reset();
  receive();
  EXPECT_THROW(receive(), EOFError);
  EXPECT_THROW(receive(), EOFError);
}

TEST_F(Frame, TheEndInsideIsAnError) {
  for (const Message& cut :
       {bytes_of({0}), bytes_of({0, 0, 0}), bytes_of({0, 0, 0, 5}), bytes_of({0, 0, 0, 5, 1}),
        bytes_of({0xff, 0xff, 0xff, 0xff}), bytes_of({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0})}) {
    auto [read, write] = test::make_stream_handles();
    os::write_all(write.get(), cut);
    write.reset();
    EXPECT_EQ(error_of([&from = read] { FrameReader(from.get()).read_rest(); }),
              std::errc::connection_aborted);
  }
}

TEST_F(Frame, ThatSkipsMayBeCutShortAsWell) {
  send_raw(bytes_of({0, 0, 0, 5, 1}));
  write_.reset();
  EXPECT_EQ(error_of([&] { FrameReader(read_.get()).skip_rest(); }), std::errc::connection_aborted);
}

TEST_F(Frame, ANegativeLengthIsNoMessage) {
  for (const int last : {0xfe, 0x00}) {
    send_raw(bytes_of({0xff, 0xff, 0xff, last}));
    EXPECT_EQ(error_of([&] { receive(); }), std::errc::protocol_error);
  }
  send_raw(bytes_of({0x80, 0, 0, 0}));
  EXPECT_EQ(error_of([&] { receive(); }), std::errc::protocol_error);
}

TEST_F(Frame, ALengthBeyondAllMemoryIsNoMessage) {
  send_raw(bytes_of({0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(error_of([&] { receive(); }), std::errc::protocol_error);
}

TEST_F(Frame, AClaimCostsNoMemory) {
  send_raw(bytes_of({0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3}));
  write_.reset();
  EXPECT_EQ(error_of([&] { receive(); }), std::errc::connection_aborted);
}

}  // namespace
}  // namespace multiprocess::detail
