// SPDX-License-Identifier: BSD-3-Clause
// Connections over descriptors of the user's, and Python at the other end.
#include <multiprocess/connection.hpp>

#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/error.hpp>

#include "support/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = mp::detail::os;
using namespace std::chrono_literals;
using mp::Connection;
using mp::test::Child;

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::initializer_list<int> numbers) {
  Bytes bytes;
  for (const int number : numbers) {
    bytes.push_back(static_cast<std::byte>(number));
  }
  return bytes;
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
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

/// A connection, and what any program may have at the other end.
class ConnectionStream : public testing::Test {
 protected:
  ConnectionStream() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    connection_ = Connection(ends[0]);
    other_.reset(ends[1]);
  }

  void write(const Bytes& bytes) const { os::write_all(other_.get(), bytes); }
  Bytes read(std::size_t size) const {
    Bytes bytes(size);
    EXPECT_TRUE(os::read_all(other_.get(), bytes));
    return bytes;
  }

  Connection connection_;
  os::Handle other_;
};

TEST_F(ConnectionStream, IsFramedAsPythonDoesIt) {
  connection_.send_bytes("abc");
  connection_.send_bytes("");
  EXPECT_EQ(read(11), bytes_of({0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0}));
  write(bytes_of({0, 0, 0, 2, 'x', 'y', 0, 0, 0, 0}));
  EXPECT_EQ(connection_.recv_bytes(), bytes_of("xy"));
  EXPECT_EQ(connection_.recv_bytes(), Bytes());
}

TEST_F(ConnectionStream, AValueIsTheBytesOfDumps) {
  connection_.send(std::string("text"));
  const Bytes expected = mp::dumps(std::string("text"));
  EXPECT_EQ(read(4), bytes_of({0, 0, 0, static_cast<int>(expected.size())}));
  EXPECT_EQ(read(expected.size()), expected);
}

TEST_F(ConnectionStream, UnderstandsALongHeader) {
  write(bytes_of({255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 2, 'a', 'b'}));
  EXPECT_EQ(connection_.recv_bytes(), bytes_of("ab"));
}

TEST_F(ConnectionStream, ANegativeLengthIsAProtocolError) {
  write(bytes_of({255, 255, 255, 254}));
  EXPECT_EQ(error_of([&] { connection_.recv_bytes(); }), std::errc::protocol_error);
}

TEST_F(ConnectionStream, AClaimOfAHugeMessageCostsNoMemory) {
  write(bytes_of({255, 255, 255, 255, 0, 0, 255, 255, 255, 255, 255, 255, 1, 2, 3}));
  other_.reset();
  EXPECT_EQ(error_of([&] { connection_.recv_bytes(); }), std::errc::connection_aborted);
}

TEST_F(ConnectionStream, TheEndInAMessageIsAnErrorWithPythonsWords) {
  write(bytes_of({0, 0, 0, 5, 'a'}));
  other_.reset();
  EXPECT_TRUE(connection_.poll());
  try {
    connection_.recv_bytes();
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("got end of file during message"), std::string::npos);
  }
  EXPECT_THROW(connection_.recv_bytes(), mp::EOFError) << "then it is the end";
}

TEST_F(ConnectionStream, TheEndInAHeaderIsAnError) {
  write(bytes_of({0, 0}));
  other_.reset();
  EXPECT_EQ(error_of([&] { connection_.recv(); }), std::errc::connection_aborted);
}

TEST_F(ConnectionStream, PollSeesTheFirstByte) {
  EXPECT_FALSE(connection_.poll());
  EXPECT_FALSE(connection_.poll(5ms));
  write(bytes_of({0}));
  EXPECT_TRUE(connection_.poll());
  write(bytes_of({0, 0, 1, 9}));
  EXPECT_EQ(connection_.recv_bytes(), bytes_of({9}));
  other_.reset();
  EXPECT_TRUE(connection_.poll(mp::forever));
}

TEST_F(ConnectionStream, IsTheOwnerOfItsDescriptor) {
  const int number = connection_.fileno();
  EXPECT_TRUE(fcntl(number, F_GETFD) >= 0);
  connection_ = Connection();
  EXPECT_LT(fcntl(number, F_GETFD), 0);
}

TEST_F(ConnectionStream, BlocksWhateverTheDescriptorsMode) {
  fcntl(connection_.fileno(), F_SETFL, O_NONBLOCK);
  std::jthread writer([this] {
    std::this_thread::sleep_for(10ms);
    write(bytes_of({0, 0, 0, 1, 7}));
  });
  EXPECT_EQ(connection_.recv_bytes(), bytes_of({7}));
  std::jthread reader([this] { EXPECT_EQ(read(1'000'004).size(), 1'000'004U); });
  connection_.send_bytes(Bytes(1'000'000));
}

TEST(ConnectionOfAPipe, HasOneDirectionAndSendsNoSignal) {
  os::Pipe pipe = os::make_pipe();
  const Connection reader(static_cast<int>(pipe.read.release()), true, false);
  const Connection writer(static_cast<int>(pipe.write.release()), false, true);
  writer.send(std::vector{1, 2, 3});
  EXPECT_EQ(reader.recv<std::vector<int>>().size(), 3U);
  EXPECT_EQ(error_of([&] { reader.send(1); }), std::errc::bad_file_descriptor);
  EXPECT_EQ(error_of([&] { writer.recv(); }), std::errc::bad_file_descriptor);
  reader.close();
  for (const std::size_t size : {1U, 100'000U}) {
    EXPECT_EQ(error_of([&] { writer.send_bytes(Bytes(size)); }), std::errc::broken_pipe);
  }
}

bool has_python() {
  static const bool found =
      std::system("python3 -c 'import multiprocessing.connection' 2>/dev/null") == 0;
  return found;
}

/// Python runs some lines with `c`, its Connection at the other end.
class PythonConnection : public ConnectionStream {
 protected:
  void SetUp() override {
    if (!has_python()) {
      GTEST_SKIP() << "there is no python3 here";
    }
  }

  void run(const std::string& lines) {
    const int end = static_cast<int>(other_.get());
    const std::string program = fmt::format(
        "from multiprocessing.connection import Connection\n"
        "c = Connection({})\n{}",
        end, lines);
    python_.emplace([end, program, this] {
      connection_.close();
      fcntl(end, F_SETFD, 0);  // inherited
      execlp("python3", "python3", "-c", program.c_str(), nullptr);
      _exit(127);
    });
    other_.reset();
  }

  /// Nothing was raised.
  bool succeeds() { return python_->wait() == 0; }

 private:
  std::optional<Child> python_;
};

TEST_F(PythonConnection, EchoesMessagesOfAllSizes) {
  run(R"(
while True:
    try:
        c.send_bytes(c.recv_bytes())
    except EOFError:
        break
)");
  for (const std::size_t size : {0U, 1U, 16'383U, 16'384U, 16'385U, 1'000'000U}) {
    const Bytes message(size, std::byte{0x5a});
    connection_.send_bytes(message);
    EXPECT_TRUE(connection_.recv_bytes() == message) << size;
  }
  connection_.close();
  EXPECT_TRUE(succeeds()) << "it sees the end";
}

TEST_F(PythonConnection, SeesTheSameLimits) {
  run(R"(
assert c.recv_bytes(3) == b'abc'
buffer = bytearray(8)
assert c.recv_bytes_into(buffer, 2) == 3 and buffer == b'\0\0abc\0\0\0'
assert c.poll(20) and c.poll()
assert c.recv_bytes() == b''
c.send_bytes(b'0123456789', 2, 5)
)");
  connection_.send_bytes("abc");
  connection_.send_bytes("xabcx", 1, 3);
  connection_.send_bytes("");
  EXPECT_EQ(connection_.recv_bytes(5), bytes_of("23456"));
  EXPECT_TRUE(succeeds());
  EXPECT_THROW(connection_.recv_bytes(), mp::EOFError);
}

TEST_F(PythonConnection, SendsALongHeader) {
  run(R"(
import struct
c._send(struct.pack('!i', -1))
c._send(struct.pack('!Q', 5))
c._send(b'hello')
)");
  EXPECT_EQ(connection_.recv_bytes(), bytes_of("hello"));
  EXPECT_TRUE(succeeds());
}

TEST_F(PythonConnection, PicklesAreNoValuesOfOurs) {
  run("c.send({'a': [1, 2, 3]})\nc.send_bytes(b'next')");
  EXPECT_THROW(connection_.recv<std::string>(), mp::TypeError);
  EXPECT_EQ(connection_.recv_bytes(), bytes_of("next"));
  EXPECT_TRUE(succeeds());
}

TEST_F(PythonConnection, BreaksOffAndSoDoWe) {
  run(R"(
import os
os.write(c.fileno(), b'\0\0\0\5ab')
)");
  EXPECT_EQ(error_of([&] { connection_.recv_bytes(); }), std::errc::connection_aborted);
  EXPECT_TRUE(succeeds());
  EXPECT_EQ(error_of([&] { connection_.send_bytes("x"); }), std::errc::broken_pipe);
}

}  // namespace
