// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/fields.hpp>

#include <multiprocess/serialization.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using mp::detail::field_count;
using mp::detail::field_type;
using mp::detail::has_array_field;

namespace {

struct Empty {};
struct Inner {
  int number = 0;
  std::string text = {};
};
struct Tree {
  int number = 0;
  std::vector<Tree> below = {};
};
struct NoDefault {
  explicit NoDefault(int) {}
};
struct HoldsNoDefault {
  NoDefault first;
  int second;
};
struct Bits {
  unsigned low : 3;
  unsigned high : 5;
  std::string text;
};
struct Mixed {
  std::unique_ptr<int> pointer;
  int square[2][2];
  std::optional<std::string> text;
};
struct StdArrays {
  std::array<std::string, 2> texts;
  std::array<Inner, 2> inner = {};
  std::pair<Inner, int> pair;
};
struct Long {
  int number;
  char buffer[4096];
  std::string text;
};
struct Record {
  std::string name;
  double place[3];
  Inner inner[2];
  std::array<std::string, 2> tags;
};

static_assert(field_count<Empty> == 0);
static_assert(field_count<Inner> == 2);
static_assert(field_count<Tree> == 2);
static_assert(field_count<HoldsNoDefault> == 2);
static_assert(field_count<Bits> == 3);
static_assert(field_count<Mixed> == 3);
static_assert(field_count<StdArrays> == 3);
static_assert(field_count<Long> == 3);
static_assert(field_count<Record> == 4);
static_assert(std::is_same_v<field_type<1, Long>, char[4096]>);
static_assert(std::is_same_v<field_type<1, const Inner>, std::string>);
static_assert(has_array_field<Mixed> && !has_array_field<StdArrays>);

TEST(Fields, AreVisitedInTheirOrder) {
  Inner inner{1, "one"};
  std::string seen;
  mp::detail::for_each_field(inner, [&seen](const auto& field) {
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, int>) {
      seen += std::to_string(field);
    } else {
      seen += field;
    }
  });
  EXPECT_EQ(seen, "1one");
}

TEST(Fields, OfAnAggregateWithArraysCross) {
  const Record record{"name", {1, 2, 3}, {{1, "a"}, {2, "b"}}, {"x", std::string(100, 'y')}};
  static_assert(mp::sendable<Record>);
  const Record copy = mp::loads<Record>(mp::dumps(record));
  EXPECT_EQ(copy.name, "name");
  EXPECT_EQ(copy.place[2], 3);
  EXPECT_EQ(copy.inner[1].text, "b");
  EXPECT_EQ(copy.tags, record.tags);
}

TEST(Fields, OfALongBufferCross) {
  Long long_one{1, {}, "end"};
  std::strcpy(long_one.buffer, "hello");
  const Long copy = mp::loads<Long>(mp::dumps(long_one));
  EXPECT_STREQ(copy.buffer, "hello");
  EXPECT_EQ(copy.text, "end");
}

}  // namespace
