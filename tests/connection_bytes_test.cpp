// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mp = multiprocess;
using mp::test::use_now;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

class ConnectionBytes : public testing::Test {
 protected:
  /// The next message as text.
  std::string text() const {
    const std::vector<std::byte> bytes = here_.recv_bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// The next message as items.
  template <class T>
  std::vector<T> items() const {
    std::vector<T> all(1000);
    const std::size_t size = here_.recv_bytes_into(all);
    EXPECT_EQ(size % sizeof(T), 0U);
    all.resize(size / sizeof(T));
    return all;
  }

  std::pair<mp::Connection, mp::Connection> pipe_ = mp::Pipe();
  const mp::Connection& here_ = pipe_.first;
  const mp::Connection& there_ = pipe_.second;
};

std::vector<std::byte> bytes(std::size_t size) {
  std::vector<std::byte> all(size);
  for (std::size_t i = 0; i < size; ++i) {
    all[i] = static_cast<std::byte>(i * 7 + i / 251);
  }
  return all;
}

TEST_F(ConnectionBytes, OfText) {
  there_.send_bytes("literal");
  EXPECT_EQ(text(), "literal") << "it ends before its NUL";
  there_.send_bytes("");
  EXPECT_EQ(text(), "");
  there_.send_bytes("a\0b");
  EXPECT_EQ(text(), "a\0b"s);
  there_.send_bytes("string"s);
  EXPECT_EQ(text(), "string");
  there_.send_bytes("a\0b"s);
  EXPECT_EQ(text(), "a\0b"s);
  there_.send_bytes("view"sv.substr(1));
  EXPECT_EQ(text(), "iew");
  const char* const pointer = "pointer";
  there_.send_bytes(pointer);
  EXPECT_EQ(text(), "pointer");
  there_.send_bytes(u8"utf-8");
  EXPECT_EQ(text(), "utf-8");
}

TEST_F(ConnectionBytes, OfContiguousRanges) {
  const std::vector<std::byte> raw = bytes(5);
  there_.send_bytes(raw);
  EXPECT_EQ(here_.recv_bytes(), raw);
  there_.send_bytes(std::span(raw).first(2));
  EXPECT_EQ(here_.recv_bytes(), bytes(2));
  there_.send_bytes(std::vector{1, 2, 3});
  EXPECT_EQ(items<int>(), (std::vector{1, 2, 3}));
  there_.send_bytes(std::array{1.5, 2.5});
  EXPECT_EQ(items<double>(), (std::vector{1.5, 2.5}));
  const std::uint16_t shorts[] = {1, 2, 3};
  there_.send_bytes(shorts);
  EXPECT_EQ(items<std::uint16_t>(), (std::vector<std::uint16_t>{1, 2, 3}));
  std::vector<char> chars{'a', 'b'};
  there_.send_bytes(chars);
  EXPECT_EQ(text(), "ab");
  there_.send_bytes(std::vector<int>());
  EXPECT_EQ(text(), "");
  struct Point {
    int x, y;
  };
  there_.send_bytes(std::vector<Point>{{1, 2}});
  EXPECT_EQ(items<int>(), (std::vector{1, 2}));
}

TEST_F(ConnectionBytes, OfAnArrayOfCharAreAllOfIt) {
  char buffer[] = {'a', '\0', 'b', 'c'};  // no NUL at its end
  there_.send_bytes(buffer);
  EXPECT_EQ(text(), "a\0bc"s);
  there_.send_bytes(buffer, 2, 1);
  EXPECT_EQ(text(), "b");
  const char unterminated[] = {'a', 'b'};
  there_.send_bytes(unterminated);
  EXPECT_EQ(text(), "ab");
  there_.send_bytes(std::array{'a', '\0'});
  EXPECT_EQ(text(), "a\0"s);
}

TEST_F(ConnectionBytes, APartOfThem) {
  there_.send_bytes("0123456789", 3);
  EXPECT_EQ(text(), "3456789");
  there_.send_bytes("0123456789"s, 3, 4);
  EXPECT_EQ(text(), "3456");
  there_.send_bytes("0123456789", 10);
  EXPECT_EQ(text(), "");
  there_.send_bytes("0123456789", 0, 0);
  EXPECT_EQ(text(), "");
  there_.send_bytes("0123456789", 0, 10);
  EXPECT_EQ(text(), "0123456789");
  there_.send_bytes(std::vector{1, 2, 3}, sizeof(int), 4);
  EXPECT_EQ(items<int>(), std::vector{2}) << "offset and size count bytes";
}

TEST_F(ConnectionBytes, APartByNumbersOfAnyType) {
  const std::vector<std::byte> raw = bytes(10);
  there_.send_bytes(raw, std::size_t{1}, std::int8_t{2});
  there_.send_bytes(raw, 1L, 2U);
  there_.send_bytes(raw, std::uint64_t{1}, std::ptrdiff_t{2});
  there_.send_bytes("0123456789", 1UL);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(here_.recv_bytes().size(), 2U);
  }
  EXPECT_EQ(text(), "123456789");
}

TEST_F(ConnectionBytes, APartThatIsNotInsideIsAValueError) {
  EXPECT_THROW(there_.send_bytes("abc", -1), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", 4), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", 0, -1), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", 0, 4), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", 2, 2), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", 3, 1), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", SIZE_MAX), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", 1, PTRDIFF_MAX), mp::ValueError);
  EXPECT_THROW(there_.send_bytes("abc", PTRDIFF_MAX, PTRDIFF_MAX), mp::ValueError);
  EXPECT_THROW(there_.send_bytes(std::vector{1}, 5), mp::ValueError);
  EXPECT_FALSE(here_.poll()) << "nothing was sent";
}

TEST_F(ConnectionBytes, UpToALimit) {
  for (const std::size_t size : {1U, 48U, 49U, 1000U, 1'000'000U}) {
    const auto limit = static_cast<std::ptrdiff_t>(size);
    const auto before = use_now();
    there_.send_bytes(bytes(size));
    EXPECT_EQ(here_.recv_bytes(limit), bytes(size));
    there_.send_bytes(bytes(size));
    there_.send_bytes("next");
    try {
      here_.recv_bytes(limit - 1);
      FAIL() << "the message is longer";
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::message_size);
      EXPECT_NE(std::string(error.what()).find("bad message length"), std::string::npos);
    }
    EXPECT_EQ(text(), "next") << "the long one is gone and the connection as good as before";
    EXPECT_EQ(use_now().private_blocks, before.private_blocks);
  }
}

TEST_F(ConnectionBytes, UpToALimitOfNothing) {
  there_.send_bytes("");
  there_.send_bytes("");
  EXPECT_EQ(here_.recv_bytes(0).size(), 0U);
  EXPECT_EQ(here_.recv_bytes(std::nullopt).size(), 0U);
}

TEST_F(ConnectionBytes, ANegativeLimitIsAValueErrorAndTakesNothing) {
  there_.send_bytes("abc");
  EXPECT_THROW(here_.recv_bytes(-1), mp::ValueError);
  EXPECT_EQ(text(), "abc");
}

TEST_F(ConnectionBytes, IntoRangesOfTheCallers) {
  there_.send_bytes(std::array{1, 2});
  int array[3] = {7, 7, 7};
  EXPECT_EQ(here_.recv_bytes_into(array), 8U);
  EXPECT_EQ(array[1], 2);
  EXPECT_EQ(array[2], 7) << "not touched";

  there_.send_bytes(std::array{1, 2});
  std::vector<int> vector(2);
  EXPECT_EQ(here_.recv_bytes_into(vector), 8U);
  EXPECT_EQ(vector, (std::vector{1, 2}));

  there_.send_bytes(std::array{3});
  EXPECT_EQ(here_.recv_bytes_into(std::span(vector).subspan(1)), 4U);
  EXPECT_EQ(vector, (std::vector{1, 3}));

  there_.send_bytes("abc");
  std::string string(5, '-');
  EXPECT_EQ(here_.recv_bytes_into(string), 3U);
  EXPECT_EQ(string, "abc--");

  there_.send_bytes("");
  std::array<std::byte, 1> one{};
  EXPECT_EQ(here_.recv_bytes_into(one), 0U);
  there_.send_bytes("");
  EXPECT_EQ(here_.recv_bytes_into(std::span<std::byte>()), 0U);
}

TEST_F(ConnectionBytes, IntoThePartAfterAnOffset) {
  std::vector<std::uint16_t> items(4, 9);
  there_.send_bytes(std::array<std::uint16_t, 2>{1, 2});
  EXPECT_EQ(here_.recv_bytes_into(items, 2), 4U);
  EXPECT_EQ(items, (std::vector<std::uint16_t>{9, 1, 2, 9})) << "the offset counts bytes";
  there_.send_bytes("");
  EXPECT_EQ(here_.recv_bytes_into(items, std::size_t{8}), 0U);
}

TEST_F(ConnectionBytes, AnOffsetThatIsNotInsideIsAValueErrorAndTakesNothing) {
  std::array<int, 2> buffer{};
  there_.send_bytes("abc");
  EXPECT_THROW(here_.recv_bytes_into(buffer, -1), mp::ValueError);
  EXPECT_THROW(here_.recv_bytes_into(buffer, 9), mp::ValueError);
  EXPECT_THROW(here_.recv_bytes_into(buffer, SIZE_MAX), mp::ValueError);
  EXPECT_EQ(text(), "abc");
}

TEST_F(ConnectionBytes, IntoABufferThatIsTooShort) {
  for (const std::size_t size : {5U, 48U, 49U, 1'000'000U}) {
    std::array<char, 8> buffer{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'};
    there_.send_bytes(bytes(size));
    there_.send_bytes("next");
    try {
      here_.recv_bytes_into(buffer, 4);
      FAIL() << "the message is longer than the buffer";
    } catch (const mp::BufferTooShort& error) {
      EXPECT_EQ(error.message(), bytes(size)) << "the whole of it";
    }
    EXPECT_EQ(buffer.back(), 'h');
    EXPECT_EQ(text(), "next");
  }
}

TEST_F(ConnectionBytes, OfEverySize) {
  for (const std::size_t size :
       {0U, 1U, 47U, 48U, 49U, 4096U, 65'536U, 131'071U, 131'072U, 131'073U, 1'048'577U}) {
    there_.send_bytes(bytes(size));
    EXPECT_TRUE(here_.recv_bytes() == bytes(size)) << size;
    std::vector<std::byte> into(size);
    there_.send_bytes(bytes(size));
    EXPECT_EQ(here_.recv_bytes_into(into), size);
    EXPECT_TRUE(into == bytes(size)) << size;
  }
}

}  // namespace
