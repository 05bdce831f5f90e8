// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/byte_view.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string text_in(ByteView view) {
  const Bytes bytes = view.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(ByteViewTest, OfTextEndsBeforeItsNul) {
  EXPECT_EQ(text_in("literal"), "literal");
  EXPECT_EQ(text_in(""), "");
  EXPECT_EQ(text_in("a\0b"), "a\0b"s);
  EXPECT_EQ(text_in("string"s), "string");
  EXPECT_EQ(text_in("view"sv), "view");
  EXPECT_EQ(text_in(u8"utf-8"), "utf-8");
  EXPECT_EQ(ByteView(u"wide").bytes().size(), 8U);
  const char* const pointer = "pointer";
  EXPECT_EQ(text_in(pointer), "pointer");
  std::string writable = "writable";
  EXPECT_EQ(text_in(writable.data()), "writable");
}

TEST(ByteViewTest, OfAnArrayIsAllOfIt) {
  char buffer[] = "abc";
  EXPECT_EQ(text_in(buffer), "abc\0"s);
  const char unterminated[] = {'a', 'b'};
  EXPECT_EQ(text_in(unterminated), "ab");
  EXPECT_EQ(text_in(std::array{'a', '\0'}), "a\0"s);
}

TEST(ByteViewTest, OfARangeIsTheBytesOfItsItems) {
  EXPECT_EQ(ByteView(std::vector{1, 2, 3}).bytes().size(), 3 * sizeof(int));
  const double numbers[] = {1, 2};
  EXPECT_EQ(ByteView(numbers).bytes().data(), reinterpret_cast<const std::byte*>(numbers));
  std::vector<std::uint16_t> shorts(4);
  EXPECT_EQ(ByteView(std::span(shorts).first(3)).bytes().size(), 6U);
  EXPECT_EQ(ByteView(std::vector<std::byte>()).bytes().size(), 0U);
}

TEST(ByteViewTest, IsOfPlainThingsOnly) {
  static_assert(!std::convertible_to<std::vector<std::string>, ByteView>);
  static_assert(!std::convertible_to<std::vector<bool>, ByteView>);
  static_assert(!std::convertible_to<int, ByteView>);
  static_assert(!std::convertible_to<std::nullptr_t, ByteView>);
}

TEST(ByteViewTest, ATargetCanBeWritten) {
  static_assert(ByteTarget<std::vector<int>&> && ByteTarget<std::span<char>> &&
                ByteTarget<int(&)[3]>);
  static_assert(!ByteTarget<const std::vector<int>&> && !ByteTarget<std::span<const char>>);
  static_assert(!ByteTarget<std::vector<std::string>&> && !ByteTarget<std::string_view>);
}

}  // namespace
}  // namespace multiprocess::detail
