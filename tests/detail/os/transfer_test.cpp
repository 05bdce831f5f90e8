// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/transfer.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

namespace os = multiprocess::detail::os;

namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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
