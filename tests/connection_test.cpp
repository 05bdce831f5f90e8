// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::Connection;
using mp::test::use_now;

namespace {

/// What std::system_error an operation throws: its condition and whether the text has these words.
void expect_error(std::errc code, const std::string& words, const std::function<void()>& call) {
  try {
    call();
    ADD_FAILURE() << "nothing is thrown where " << words << " was expected";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

/// Calls each operation that `connection` has.
void expect_error_of_all(std::errc code, const std::string& words, const Connection& connection) {
  std::array<int, 4> buffer{};
  expect_error(code, words, [&] { connection.send(1); });
  expect_error(code, words, [&] { connection.send_bytes("text"); });
  expect_error(code, words, [&] { connection.recv(); });
  expect_error(code, words, [&] { connection.recv<int>(); });
  expect_error(code, words, [&] { connection.recv_bytes(); });
  expect_error(code, words, [&] { connection.recv_bytes_into(buffer); });
  expect_error(code, words, [&] { connection.poll(); });
  expect_error(code, words, [&] { connection.poll(mp::forever); });
  expect_error(code, words, [&] { connection.fileno(); });
}

TEST(Pipe, BothEndsOfADuplexOneSendAndReceive) {
  const auto [a, b] = mp::Pipe();
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
    EXPECT_TRUE(from.readable());
    EXPECT_TRUE(from.writable());
    from.send("hello");
    EXPECT_EQ(to.recv<std::string>(), "hello");
  }
  EXPECT_NE(a, b);
}

TEST(Pipe, ASimplexOneIsAReaderAndAWriter) {
  auto [reader, writer] = mp::Pipe(false);
  EXPECT_TRUE(reader.readable());
  EXPECT_FALSE(reader.writable());
  EXPECT_FALSE(writer.readable());
  EXPECT_TRUE(writer.writable());
  writer.send(5);
  EXPECT_EQ(reader.recv<int>(), 5);
  const auto code = std::errc::bad_file_descriptor;
  std::array<int, 4> buffer{};
  expect_error(code, "connection is read-only", [&, r = reader] { r.send(1); });
  expect_error(code, "connection is read-only", [&, r = reader] { r.send_bytes("x"); });
  expect_error(code, "connection is write-only", [&, w = writer] { w.recv(); });
  expect_error(code, "connection is write-only", [&, w = writer] { w.recv_bytes(); });
  expect_error(code, "connection is write-only", [&, w = writer] { w.recv_bytes_into(buffer); });
  expect_error(code, "connection is write-only", [&, w = writer] { w.poll(); });
}

TEST(Pipe, KeepsTheOrder) {
  const auto [a, b] = mp::Pipe();
  for (int i = 0; i < 500; ++i) {
    a.send(i);
  }
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(b.recv<int>(), i);
  }
  EXPECT_FALSE(b.poll());
}

TEST(Pipe, GivesItsMemoryBack) {
  const auto before = use_now();
  {
    const auto [a, b] = mp::Pipe();
    a.send(std::string(100'000, 'x'));
    b.send(std::vector<std::string>(100, "unread"));
    const Connection copy = a;
  }
  EXPECT_EQ(use_now(), before);
}

TEST(ConnectionTest, ADefaultOneIsClosed) {
  const Connection none;
  EXPECT_TRUE(none.closed());
  EXPECT_FALSE(none.readable());
  EXPECT_FALSE(none.writable());
  none.close();
  expect_error_of_all(std::errc::bad_file_descriptor, "handle is closed", none);
  EXPECT_EQ(none, Connection());
}

TEST(ConnectionTest, CloseIsForAllCopiesAndMayBeRepeated) {
  const auto [a, b] = mp::Pipe();
  const Connection copy = a;
  EXPECT_FALSE(copy.closed());
  a.close();
  EXPECT_TRUE(copy.closed());
  a.close();
  copy.close();
  expect_error_of_all(std::errc::bad_file_descriptor, "handle is closed", copy);
  EXPECT_EQ(copy, a);
  EXPECT_TRUE(a.readable()) << "as in Python, what it was made for";
}

TEST(ConnectionTest, IsGoneWithItsLastCopy) {
  auto [a, b] = mp::Pipe();
  Connection copy = a;
  a = Connection();
  EXPECT_FALSE(b.poll());
  copy = *&copy;
  EXPECT_FALSE(b.poll());
  copy = b;
  EXPECT_TRUE(b.poll());
  EXPECT_THROW(b.recv(), mp::EOFError);
}

TEST(ConnectionTest, CopiesAreTheSameEnd) {
  const auto [a, b] = mp::Pipe();
  const auto [c, d] = mp::Pipe();
  const Connection copy = a;
  Connection moved_from = a;
  const Connection moved = std::move(moved_from);
  EXPECT_EQ(copy, a);
  EXPECT_EQ(moved, a);
  EXPECT_EQ(moved_from, a) << "to move is to copy";
  EXPECT_NE(a, c);
  EXPECT_NE(a, Connection());
}

TEST(ConnectionTest, PrintsAsInPython) {
  const auto [a, b] = mp::Pipe();
  const std::string text = fmt::format("{}", a);
  EXPECT_EQ(text.find("<multiprocess.connection.Connection object at 0x"), 0U) << text;
  std::ostringstream stream;
  stream << a;
  EXPECT_EQ(stream.str(), text);
  EXPECT_EQ(fmt::format("{}", Connection(a)), text);
}

TEST(ConnectionTest, GivesWhatWasSentBeforeTheEnd) {
  const auto [a, b] = mp::Pipe();
  b.send(1);
  b.send_bytes("two");
  b.close();
  EXPECT_TRUE(a.poll());
  EXPECT_EQ(a.recv<int>(), 1);
  EXPECT_EQ(a.recv_bytes().size(), 3U);
  std::array<int, 4> buffer{};
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(a.poll());
    EXPECT_TRUE(a.poll(mp::forever));
    EXPECT_THROW(a.recv(), mp::EOFError);
    EXPECT_THROW(a.recv<int>(), mp::EOFError);
    EXPECT_THROW(a.recv_bytes(), mp::EOFError);
    EXPECT_THROW(a.recv_bytes(5), mp::EOFError);
    EXPECT_THROW(a.recv_bytes_into(buffer), mp::EOFError);
  }
}

TEST(ConnectionTest, SendingToAClosedPeerIsABrokenPipe) {
  const auto [a, b] = mp::Pipe();
  a.send("unread");
  b.close();
  for (int i = 0; i < 2; ++i) {
    expect_error(std::errc::broken_pipe, "closed", [&, a = a] { a.send(1); });
    expect_error(std::errc::broken_pipe, "closed", [&, a = a] { a.send_bytes("bytes"); });
    expect_error(std::errc::broken_pipe, "closed",
                 [&, a = a] { a.send(std::string(500'000, 'x')); });
  }
}

TEST(ConnectionTest, PollDoesNotConsume) {
  const auto [a, b] = mp::Pipe();
  EXPECT_FALSE(a.poll());
  EXPECT_FALSE(a.poll(0s));
  EXPECT_FALSE(a.poll(-1s)) << "negative is zero";
  b.send_bytes("");
  EXPECT_TRUE(a.poll()) << "an empty message is one";
  EXPECT_TRUE(a.poll());
  EXPECT_TRUE(a.poll(mp::forever));
  EXPECT_TRUE(a.poll(std::nullopt));
  EXPECT_EQ(a.recv_bytes().size(), 0U);
  EXPECT_FALSE(a.poll());
}

TEST(ConnectionTest, PollWaits) {
  const auto [a, b] = mp::Pipe();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(a.poll(20ms));
  EXPECT_FALSE(a.poll(0.005s));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 25ms);
  EXPECT_FALSE(a.poll(150ms)) << "longer than the library sleeps at a time";
}

TEST(ConnectionTest, AProcessMaySendToItself) {
  const auto [a, b] = mp::Pipe();
  for (int i = 0; i < 5000; ++i) {
    a.send(i);
    ASSERT_TRUE(b.poll());
    b.send(b.recv<int>() + 1);
    ASSERT_EQ(a.recv<int>(), i + 1);
  }
}

TEST(ConnectionTest, HasPythonsConstructor) {
  EXPECT_THROW(Connection(-1), mp::ValueError);
  EXPECT_THROW(Connection(-1, true, false), mp::ValueError);
  EXPECT_THROW(Connection(0, false, false), mp::ValueError);
}

TEST(ConnectionTest, BelongsToAMessageOnly) {
  const auto [a, b] = mp::Pipe();
  EXPECT_THROW(mp::dumps(a), mp::RuntimeError);
}

}  // namespace
