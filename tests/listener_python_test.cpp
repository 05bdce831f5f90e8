// SPDX-License-Identifier: BSD-3-Clause
// Real Python at the other end of a Listener or Client: each of the four combinations.
#include <multiprocess/listener.hpp>

#include <multiprocess/error.hpp>

#include "support/child.hpp"
#include "support/listening.hpp"
#include "support/python.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using mp::Address;
using mp::connection::Client;
using mp::connection::Listener;
using mp::test::Child;

namespace {

/// Which Python: one up to 3.11, which speaks MD5; one from 3.12 on; or an old one with the
/// handshake of the new ones, for where there is no new one.
enum class Kind { md5, sha256, described };

const std::string described = R"(
import hmac
import multiprocessing.connection as module
def deliver_challenge(connection, authkey):
    message = b'{sha256}' + os.urandom(40)
    connection.send_bytes(b'#CHALLENGE#' + message)
    right = b'{sha256}' + hmac.new(authkey, message, 'sha256').digest()
    if not hmac.compare_digest(connection.recv_bytes(256), right):
        connection.send_bytes(b'#FAILURE#')
        raise AuthenticationError('digest received was wrong')
    connection.send_bytes(b'#WELCOME#')
def answer_challenge(connection, authkey):
    message = connection.recv_bytes(256)
    if not message.startswith(b'#CHALLENGE#{sha256}') or len(message) != 59:
        raise AuthenticationError('no challenge')
    answer = hmac.new(authkey, message[len(b'#CHALLENGE#'):], 'sha256').digest()
    connection.send_bytes(b'{sha256}' + answer)
    if connection.recv_bytes(256) != b'#WELCOME#':
        raise AuthenticationError('digest sent was rejected')
module.deliver_challenge = deliver_challenge
module.answer_challenge = answer_challenge
)";

/// The program; empty when there is none.
std::string find(Kind kind) {
  const char* const version = kind == Kind::sha256 ? ">= (3, 12)" : "< (3, 12)";
  return mp::test::find_python(
      fmt::format("import sys, hmac, multiprocessing.connection\n"
                  "sys.exit(not sys.version_info {})",
                  version));
}

/// Over a path and over TCP.
class WithPython : public testing::TestWithParam<std::pair<const char*, Kind>> {
 protected:
  void SetUp() override {
    static const std::string old_one = find(Kind::md5);
    static const std::string new_one = find(Kind::sha256);
    python_ = kind() == Kind::sha256 ? new_one : old_one;
    if (python_.empty()) {
      GTEST_SKIP() << "there is no such python3 here";
    }
  }

  static Kind kind() { return GetParam().second; }
  bool is_tcp() const { return std::string(GetParam().first) == "tcp"; }
  Address place() const { return is_tcp() ? Address("127.0.0.1", 0) : Address(); }

  mp::connection::Options options() const {
    return {.authkey = "secret", .legacy_md5 = kind() == Kind::md5};
  }

  /// Runs Python; `address` is known to it, and `say` tells a text to `hear`.
  void run(const std::string& address, const std::string& lines) {
    const std::string program = fmt::format(
        "import os\nfrom multiprocessing import AuthenticationError\n"
        "from multiprocessing.connection import *\n"
        "from multiprocessing.connection import answer_challenge, deliver_challenge\n{}\n"
        "def say(text):\n    os.write({}, (str(text) + '\\n').encode())\n"
        "address = {}\n{}",
        kind() == Kind::described ? described : "", pipe_.write.get(), address, lines);
    child_.emplace([this, program] {
      fcntl(static_cast<int>(pipe_.write.get()), F_SETFD, 0);  // inherited
      execlp(python_.c_str(), "python3", "-c", program.c_str(), nullptr);
      _exit(127);
    });
  }
  void run(const Address& address, const std::string& lines) {
    run(fmt::format("{}", address), lines);
  }

  std::string hear() {
    std::string line;
    for (std::array<std::byte, 1> byte{};
         os::read_all(pipe_.read.get(), byte) && byte[0] != std::byte{'\n'};) {
      line += static_cast<char>(byte[0]);
    }
    return line;
  }
  bool succeeds() { return child_->wait() == 0; }

  /// A Listener of Python's, and where it is.
  Address python_listens(const std::string& lines) {
    const std::string path = folder_ + "/python";
    run(is_tcp() ? "('127.0.0.1', 0)" : "'" + path + "'",
        "listener = Listener(address, authkey=b'secret')\n"
        "say(listener.address[1] if type(listener.address) is tuple else 0)\n" +
            lines);
    const int port = std::stoi(hear());
    return is_tcp() ? Address("127.0.0.1", port) : Address(path);
  }

 private:
  std::string python_;
  os::Pipe pipe_ = os::make_pipe();
  std::optional<Child> child_;
  const Listener private_place_;  // for its folder
  const std::string folder_ = std::filesystem::path(private_place_.address().path()).parent_path();
};
INSTANTIATE_TEST_SUITE_P(
    Python, WithPython,
    testing::Values(std::pair("path", Kind::md5), std::pair("tcp", Kind::md5),
                    std::pair("path", Kind::sha256), std::pair("tcp", Kind::sha256),
                    std::pair("path", Kind::described), std::pair("tcp", Kind::described)),
    [](const auto& each) {
      const Kind kind = each.param.second;
      return std::string(each.param.first) + (kind == Kind::md5      ? "_md5"
                                              : kind == Kind::sha256 ? "_sha256"
                                                                     : "_described");
    });

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_P(WithPython, OursListensAndPythonConnects) {
  Listener listener(place(), options());
  run(listener.address(), R"(
connection = Client(address, authkey=b'secret')
connection.send_bytes(b'from python')
assert connection.recv_bytes() == b'from us'
)");
  const mp::Connection connection = listener.accept();
  EXPECT_EQ(text_of(connection.recv_bytes()), "from python");
  connection.send_bytes("from us");
  EXPECT_TRUE(succeeds());
}

TEST_P(WithPython, PythonListensAndOursConnects) {
  const Address address = python_listens(R"(
connection = listener.accept()
assert connection.recv_bytes() == b'from us'
connection.send_bytes(b'from python')
)");
  const mp::Connection connection = Client(address, options());
  connection.send_bytes("from us");
  EXPECT_EQ(text_of(connection.recv_bytes()), "from python");
  EXPECT_TRUE(succeeds());
}

TEST_P(WithPython, AnotherKeyOfTheClientIsRefusedByBoth) {
  Listener listener(place(), options());
  run(listener.address(), R"(
try:
    Client(address, authkey=b'wrong')
except AuthenticationError as error:
    say(error)
)");
  EXPECT_THROW(listener.accept(), mp::AuthenticationError);
  EXPECT_EQ(hear(), "digest sent was rejected");
  EXPECT_TRUE(succeeds());
}

TEST_P(WithPython, AnotherKeyOfTheListenerIsRefusedByBoth) {
  const Address address = python_listens(R"(
try:
    listener.accept()
except AuthenticationError as error:
    say(error)
)");
  mp::connection::Options other = options();
  other.authkey = "wrong";
  EXPECT_THROW(Client(address, other), mp::AuthenticationError);
  EXPECT_EQ(hear(), "digest received was wrong");
  EXPECT_TRUE(succeeds());
}

TEST_P(WithPython, NoKeyNoHandshake) {
  Listener listener(place());
  run(listener.address(), "Client(address).send_bytes(b'at once')");
  EXPECT_EQ(text_of(listener.accept().recv_bytes()), "at once");
  EXPECT_TRUE(succeeds());
}

TEST_P(WithPython, OldPeersNeedTheOption) {
  mp::connection::Options strict = options();
  strict.legacy_md5 = false;
  Listener listener(place(), strict);
  run(listener.address(), R"(
try:
    Client(address, authkey=b'secret')
    say('connected')
except AuthenticationError as error:
    say('refused')
)");
  if (kind() == Kind::md5) {
    EXPECT_THROW(listener.accept(), mp::AuthenticationError);
    EXPECT_EQ(hear(), "refused");
  } else {
    listener.accept();
    EXPECT_EQ(hear(), "connected");
  }
  EXPECT_TRUE(succeeds());
}

TEST_P(WithPython, TheHalvesOfTheHandshake) {
  Listener listener(place());
  run(listener.address(), R"(
connection = Client(address)
answer_challenge(connection, b'secret')
deliver_challenge(connection, b'secret')
)");
  const mp::Connection connection = listener.accept();
  mp::connection::deliver_challenge(connection, "secret", options());
  mp::connection::answer_challenge(connection, "secret", options());
  EXPECT_TRUE(succeeds());
}

TEST_P(WithPython, TheStrictFormIsRefusedAtOnce) {
  mp::connection::Options strict{.authkey = "secret", .strict = true};
  Listener listener(place(), strict);
  run(listener.address(), R"(
try:
    Client(address, authkey=b'secret')
except AuthenticationError as error:
    say('refused')
except (EOFError, OSError):
    say('refused')
)");
  EXPECT_THROW(listener.accept(), mp::AuthenticationError);
  EXPECT_EQ(hear(), "refused");
  EXPECT_TRUE(succeeds());
}

}  // namespace
