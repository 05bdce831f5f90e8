// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/transfer.hpp>

#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace os = multiprocess::detail::os;

namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::pair<os::Handle, os::Handle> make_stream() {
  const std::string name = std::string(1, '\0') + "test-" + std::to_string(os::random_number());
  const os::Handle listening = os::listen_at({name}, 1);
  os::Handle client = os::connect_to({name}, os::never);
  return {std::move(client), std::move(os::accept_now(listening.get())->socket)};
}

TEST(OsTransfer, MessagesKeepTheirBounds) {
  const auto [here, there] = os::make_channel();
  os::send_message(here.get(), bytes("one"));
  os::send_message(here.get(), bytes("two words"));
  EXPECT_EQ(text(os::receive_message(there.get())->bytes), "one");
  EXPECT_EQ(text(os::receive_message(there.get())->bytes), "two words");
}

TEST(OsTransfer, HandlesArriveAsHandlesOfTheReceiver) {
  const auto [here, there] = os::make_channel();
  const os::Pipe pipe = os::make_pipe();
  const std::array given{pipe.read.get(), pipe.write.get()};
  os::send_message(here.get(), bytes("!"), given);
  const auto message = os::receive_message(there.get());
  ASSERT_EQ(message->handles.size(), 2U);
  EXPECT_NE(message->handles[0].get(), pipe.read.get());
  os::write_all(message->handles[1].get(), bytes("x"));
  EXPECT_TRUE(os::wait_readable(pipe.read.get(), os::at_once));
}

TEST(OsTransfer, ASocketArrivesAsASocket) {
  const auto [here, there] = os::make_channel();
  os::Handle listening = os::listen_at({"", "127.0.0.1", 0}, 1);
  const os::SocketAddress where = os::local_address(listening.get());
  os::send_message(here.get(), bytes("!"), std::array{listening.get()});
  listening.reset();
  const auto message = os::receive_message(there.get());
  ASSERT_EQ(message->handles.size(), 1U);
  const os::Handle client = os::connect_to(where, os::never);
  EXPECT_TRUE(os::wait_readable(message->handles[0].get(), os::never));
  EXPECT_TRUE(os::accept_now(message->handles[0].get()));
}

TEST(OsTransfer, HandlesComeWithTheFirstBytesInAStream) {
  const auto [here, there] = make_stream();
  const os::Pipe pipe = os::make_pipe();
  const std::string text = "\xff\xff\xff\xff and so on";
  os::write_all(here.get(), bytes(text));
  os::write_with_handles(here.get(), bytes(text), std::array{pipe.write.get()});
  std::string got(text.size(), ' ');
  const auto room = std::as_writable_bytes(std::span(got));
  EXPECT_EQ(os::read_with_handles(there.get(), room.first<4>()).handles.size(), 0U);
  EXPECT_TRUE(os::read_all(there.get(), room.subspan<4>()));
  EXPECT_EQ(got, text);
  const os::StreamPiece piece = os::read_with_handles(there.get(), room.first<4>());
  EXPECT_EQ(piece.size, 4U);
  EXPECT_FALSE(piece.lost_some);
  ASSERT_EQ(piece.handles.size(), 1U);
  EXPECT_TRUE(os::read_all(there.get(), room.subspan<4>()));
  EXPECT_EQ(got, text);
  os::write_all(piece.handles[0].get(), bytes("x"));
  EXPECT_TRUE(os::wait_readable(pipe.read.get(), os::at_once));
}

TEST(OsTransfer, TheEndOfTheOtherSideIsSeen) {
  auto [here, there] = os::make_channel();
  os::send_message(here.get(), bytes("last"));
  here.reset();
  EXPECT_TRUE(os::receive_message(there.get()));
  EXPECT_FALSE(os::receive_message(there.get()));
  try {
    os::send_message(there.get(), bytes("?"));
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::broken_pipe);
  }
}

TEST(OsTransfer, RefusesWhatDoesNotFit) {
  const auto [here, there] = os::make_channel();
  EXPECT_THROW(os::send_message(here.get(), {}), std::system_error);
  EXPECT_THROW(os::send_message(here.get(), bytes(std::string(5000, 'x'))), std::system_error);
  const std::vector<os::NativeHandle> many(os::most_handles_per_message + 1, here.get());
  EXPECT_THROW(os::send_message(here.get(), bytes("!"), many), std::system_error);
}

}  // namespace
