// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/list_item.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>

namespace mp = multiprocess;
using mp::detail::ListItem;

namespace {

static_assert(!std::is_convertible_v<char, ListItem>, "a number or a text?");
static_assert(!std::is_convertible_v<int*, ListItem>);
static_assert(!std::is_convertible_v<std::string*, ListItem>);

TEST(ListItem, IsMadeOfWhatAListMayHold) {
  EXPECT_TRUE(ListItem().is_none());
  EXPECT_TRUE(ListItem(std::nullopt).is_none());
  EXPECT_TRUE(ListItem(mp::None).is_none());
  EXPECT_TRUE(ListItem(true).is<bool>());
  EXPECT_TRUE(ListItem(std::uint8_t{5}).is<std::int64_t>());
  EXPECT_TRUE(ListItem(1.5F).is<double>());
  EXPECT_TRUE(ListItem("text").is<std::string>());
  EXPECT_TRUE(ListItem(std::string_view("text")).is<std::string>());
  EXPECT_TRUE(ListItem(mp::Bytes(3)).is<mp::Bytes>());
  EXPECT_THROW(ListItem(mp::Object(1)), mp::TypeError);
  constexpr auto too_large = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THROW((void)ListItem(too_large), mp::ValueError);
}

TEST(ListItem, IsReadAsWhatItIs) {
  EXPECT_EQ(ListItem(5).as<int>(), 5);
  EXPECT_EQ(ListItem(5).as<double>(), 5.0);
  EXPECT_EQ(ListItem(true).as<int>(), 1);
  EXPECT_EQ(ListItem("x").as<std::string>(), "x");
  EXPECT_THROW(ListItem(300).as<std::uint8_t>(), mp::TypeError);
  EXPECT_THROW(ListItem(1.5).as<int>(), mp::TypeError);
  EXPECT_THROW(ListItem("5").as<int>(), mp::TypeError);
  EXPECT_THROW(ListItem(5).as<std::string>(), mp::TypeError);
  EXPECT_THROW(ListItem().as<mp::Bytes>(), mp::TypeError);
}

TEST(ListItem, ComparesAsInPython) {
  EXPECT_EQ(ListItem(1), 1.0);
  EXPECT_EQ(ListItem(true), 1);
  EXPECT_NE(ListItem(1), "1");
  EXPECT_NE(ListItem("a"), ListItem(mp::Bytes{std::byte{'a'}}));
  EXPECT_EQ(ListItem(), mp::None);
  EXPECT_NE(ListItem(0), mp::None);
}

TEST(ListItem, PrintsAsInPython) {
  EXPECT_EQ(fmt::format("{} {} {} {} {}", ListItem(), ListItem(true), ListItem(-7), ListItem(1.0),
                        ListItem("it's")),
            "None True -7 1.0 \"it's\"");
  std::ostringstream stream;
  stream << ListItem("text");
  EXPECT_EQ(stream.str(), "'text'");
  EXPECT_EQ(fmt::format("{}", ListItem(mp::Bytes{std::byte{'a'}, std::byte{0}})), "b'a\\x00'");
}

TEST(ListItem, Crosses) {
  const ListItem item("text");
  EXPECT_EQ(mp::loads<ListItem>(mp::dumps<ListItem>(item)), item);
}

TEST(ListItem, Utf8IsRecognised) {
  for (const char* const good : {"", "ascii", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                 "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_NO_THROW(mp::detail::require_utf8(good)) << good;
  }
  for (const char* const bad :
       {"\xff", "\xc3", "\xc0\x80", "\xe2\x82", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "a\xc3z"}) {
    EXPECT_THROW(mp::detail::require_utf8(bad), mp::ValueError) << bad;
  }
}

}  // namespace
