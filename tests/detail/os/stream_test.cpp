// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/stream.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/socket_file.hpp>

#include "support/stream_bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace os = multiprocess::detail::os;
using multiprocess::test::expect_broken_pipe;
using multiprocess::test::many_bytes;
using namespace std::chrono_literals;

namespace {

os::Pipe connect(const os::SocketAddress& place) {
  const os::Handle listening = os::listen_at(place, 1);
  os::Handle read = os::connect_to(os::local_address(listening.get()), os::never);
  return {std::move(read), std::move(os::accept_now(listening.get())->socket)};
}

os::Pipe make_local_stream() {
  const std::string folder = os::new_folder_path();
  os::make_private_folder(folder);
  os::Pipe stream = connect({folder + "/stream"});
  os::remove_private_folder(folder);
  return stream;
}

os::Pipe make_tcp_stream() {
  return connect({"", "127.0.0.1", 0});
}

class Stream : public testing::TestWithParam<os::Pipe (*)()> {
 protected:
  os::Pipe stream_ = GetParam()();
};
INSTANTIATE_TEST_SUITE_P(PipeAndSocket, Stream,
                         testing::Values(&os::make_pipe, &make_local_stream, &make_tcp_stream));

TEST_P(Stream, CarriesMoreThanItHolds) {
  const std::vector<std::byte> sent = many_bytes();
  std::thread writer([&] { os::write_all(stream_.write.get(), sent); });
  std::vector<std::byte> got(sent.size());
  EXPECT_TRUE(os::read_all(stream_.read.get(), got));
  writer.join();
  EXPECT_EQ(got, sent);
}

TEST(StreamOfThisMachine, AReaderThatIsGoneIsAnError) {
  for (const auto make : {&os::make_pipe, &make_local_stream}) {
    os::Pipe stream = make();
    stream.read.reset();
    expect_broken_pipe(stream);
  }
}

TEST_P(Stream, EndsCleanlyOnlyBetweenMessages) {
  const std::array message{std::byte{1}, std::byte{2}, std::byte{3}};
  os::write_all(stream_.write.get(), message);
  stream_.write.reset();
  std::array<std::byte, 2> two{};
  EXPECT_TRUE(os::read_all(stream_.read.get(), two));
  try {
    os::read_all(stream_.read.get(), two);
    FAIL() << "one byte is no message of two";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::connection_aborted);
  }
  EXPECT_FALSE(os::read_all(stream_.read.get(), two));
}

TEST_P(Stream, IsReadableWithDataOrAtTheEnd) {
  const std::array<std::byte, 1> byte{};
  EXPECT_FALSE(os::wait_readable(stream_.read.get(), os::at_once));
  const auto soon = std::chrono::steady_clock::now() + 5ms;
  EXPECT_FALSE(os::wait_readable(stream_.read.get(), soon));
  EXPECT_GE(std::chrono::steady_clock::now(), soon);
  os::write_all(stream_.write.get(), byte);
  EXPECT_TRUE(os::wait_readable(stream_.read.get(), os::never));
  std::array<std::byte, 1> got{};
  EXPECT_EQ(os::read_some(stream_.read.get(), got), 1U);
  stream_.write.reset();
  EXPECT_TRUE(os::wait_readable(stream_.read.get(), os::at_once));
}

TEST(ClosedStream, IsASystemError) {
  std::array<std::byte, 1> byte{};
  EXPECT_THROW(os::read_some(os::no_handle, byte), std::system_error);
  EXPECT_THROW(os::write_all(os::no_handle, byte), std::system_error);
  const os::NativeHandle closed = os::make_pipe().read.get();
  EXPECT_THROW(os::wait_readable(closed, os::at_once), std::system_error);
}

}  // namespace
