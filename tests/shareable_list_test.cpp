// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shareable_list.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/python.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::require;

namespace {

using Item = mp::ShareableList::Item;

static_assert(std::is_nothrow_copy_constructible_v<mp::ShareableList>, "closures may capture it");
static_assert(mp::sendable<mp::ShareableList>);

mp::Bytes bytes(std::string_view text) {
  const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

/// Unlinked when the test is over.
class List : public mp::ShareableList {
 public:
  List(std::initializer_list<Item> items) : mp::ShareableList(items) {}
  explicit List(const std::vector<Item>& items) : mp::ShareableList(items) {}
  List(const List&) = delete;
  ~List() {
    try {
      shm().unlink();
    } catch (const std::system_error&) {
    }
  }
};

std::vector<Item> samples() {
  return {true, "hi", std::nullopt, 7, bytes("12345678"), 1.5};
}

TEST(ShareableListItem, IsNoneFromAnyWordForIt) {
  EXPECT_TRUE(Item().is_none());
  EXPECT_TRUE(Item(std::nullopt).is_none());
  EXPECT_TRUE(Item(nullptr).is_none());
  EXPECT_TRUE(Item(mp::None).is_none());
}

TEST(ShareableList, HoldsItemsOfEachKind) {
  const List list{true, "hi", mp::None, 7, bytes("12345678"), 1.5};
  EXPECT_EQ(list.size(), 6);
  EXPECT_EQ(list.copy(), samples());
  EXPECT_EQ(list[0], true);
  EXPECT_EQ(list[1], "hi");
  EXPECT_EQ(list[2], mp::None);
  EXPECT_EQ(list[-1].as<double>(), 1.5);
  EXPECT_EQ(list.get<int>(3), 7);
  EXPECT_EQ(list.get<mp::Bytes>(4), bytes("12345678"));
  EXPECT_THROW(list[6], mp::IndexError);
  EXPECT_THROW(list.get<int>(-7), mp::IndexError);
  EXPECT_THROW(list.get<int>(1), mp::TypeError);
  EXPECT_EQ(List{}.size(), 0);
}

TEST(ShareableList, LiesAsPythonsLies) {
  const List list(samples());
  const auto block = list.shm().buf();
  ASSERT_EQ(block.size(), 174U);
  std::string expected;
  for (const int word : {6, 0, 8, 16, 24, 32, 48, 56}) {
    expected += std::string(1, static_cast<char>(word)) + std::string(7, '\0');
  }
  const auto padded = [](std::string text, std::size_t size) {
    text.resize(size, '\0');
    return text;
  };
  expected += std::string(7, '\0') + '\1' + padded("hi", 8) + std::string(8, '\0');
  expected += padded("\7", 8) + padded("12345678", 16) + std::string(6, '\0') + "\xf8\x3f";
  for (const char* const format : {"xxxxxxx?", "8s", "xxxxxx?x", "q", "16s", "d"}) {
    expected += padded(format, 8);
  }
  expected += std::string("\0\1\3\0\2\0", 6);
  EXPECT_EQ(std::memcmp(block.data(), expected.data(), expected.size()), 0);
  EXPECT_EQ(list.format(), "xxxxxxx?8sxxxxxx?xq16sd");
  EXPECT_EQ(List{}.shm().size(), 16U);
}

TEST(ShareableList, ItemsBecomeOtherItemsThatFit) {
  const List list{1, "text", mp::Bytes(), mp::None};
  list[0] = "8 bytes!";
  list[1] = 2.5;
  list[2] = list[0];
  list[3] = false;
  EXPECT_EQ(list.copy(), (std::vector<Item>{"8 bytes!", 2.5, "8 bytes!", false}));
  EXPECT_THROW(list[0] = "9 bytes!!", mp::ValueError);
  EXPECT_EQ(list[0], "8 bytes!") << "nothing is cut";
  list.set(-4, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(list.get<std::int64_t>(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_THROW(list[1] = std::numeric_limits<std::uint64_t>::max(), mp::ValueError);
  EXPECT_EQ(list[1], 2.5);
}

TEST(ShareableList, TextIsMeasuredInBytes) {
  const std::string euros = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac";  // 3 characters, 9 bytes
  const List list{euros};
  EXPECT_EQ(list[0], euros);
  EXPECT_EQ(list.format(), "16s");
  list[0] = "\xc3\xa4";
  EXPECT_EQ(list[0], "\xc3\xa4");
  EXPECT_THROW(list[0] = "\xff", mp::ValueError);
  EXPECT_THROW(List{"\xff"}, mp::ValueError);
  list[0] = bytes("\xff");
  EXPECT_EQ(list[0], bytes("\xff"));
  EXPECT_THROW(List{std::string(10'000'000, 'x')}, mp::ValueError);
}

TEST(ShareableList, NulsAtTheEndAreLost) {
  const List list{std::string("a\0b\0", 4), bytes(std::string_view("\0\0", 2))};
  EXPECT_EQ(list[0], std::string("a\0b", 3));
  EXPECT_EQ(list[1], mp::Bytes());
}

TEST(ShareableList, IsARangeWithCountAndIndex) {
  const List list{1, 2, 1.0, "1", true};
  EXPECT_EQ(list.count(1), 3);
  EXPECT_EQ(list.index("1"), 3);
  EXPECT_THROW(list.index(5), mp::ValueError);
  std::string all;
  for (const auto& item : list) {
    all += fmt::format("{} ", item);
  }
  EXPECT_EQ(all, "1 2 1.0 '1' True ");
  EXPECT_EQ(fmt::format("{}", list),
            "ShareableList([1, 2, 1.0, '1', True], name='" + list.shm().name() + "')");
}

TEST(ShareableList, IsMadeOfARangeOrAnotherList) {
  const List list(std::vector<Item>{1, 2});
  const mp::ShareableList numbers(std::vector{1.5, 2.5});
  numbers.shm().unlink();
  EXPECT_EQ(numbers[1], 2.5);
  const mp::ShareableList same = list;
  EXPECT_EQ(same, list);
  const std::string name = "mp_test_" + std::to_string(getpid());
  const mp::ShareableList apart(list, name);
  EXPECT_EQ(apart.shm().name(), name);
  list[0] = 5;
  EXPECT_EQ(apart[0], 1);
  EXPECT_THROW(mp::ShareableList({1}, name), std::system_error);
  apart.shm().unlink();
}

TEST(ShareableList, IsAttachedByName) {
  const List list{1, "two"};
  const auto other = mp::ShareableList::attach(list.shm().name());
  other[0] = 10;
  EXPECT_EQ(list[0], 10);
  EXPECT_EQ(other, list);
  EXPECT_THROW(mp::ShareableList::attach("mp_test_nothing"), std::system_error);
  other.shm().close();
  EXPECT_THROW(other.size(), mp::ValueError);
  EXPECT_EQ(list[1], "two");
}

TEST(ShareableList, ADamagedOneIsRefused) {
  const List list(samples());
  const auto words = list.shm().as<std::int64_t>();
  const std::vector<std::int64_t> before(words.begin(), words.end());
  const auto with = [&](std::size_t index, std::int64_t value) {
    std::copy(before.begin(), before.end(), words.begin());
    words[index] = value;
    return list.shm().name();
  };
  for (const std::int64_t count : {std::int64_t{-1}, std::int64_t{7}, std::int64_t{1} << 60,
                                   std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_THROW(mp::ShareableList::attach(with(0, count)), mp::ValueError) << count;
  }
  for (std::size_t offset = 1; offset <= 7; ++offset) {
    EXPECT_THROW(mp::ShareableList::attach(with(offset, -8)), mp::ValueError) << offset;
    EXPECT_THROW(mp::ShareableList::attach(with(offset, std::int64_t{1} << 62)), mp::ValueError);
  }
  const auto with_format = [&](const char* format) {
    with(0, 6);
    std::strncpy(reinterpret_cast<char*>(list.shm().buf().data()) + 120 + 8, format, 8);
    return mp::ShareableList(list);
  };
  for (const char* const format : {"9s", "99999999", "-1s", "s", "xs", "", "Q", "1000000s"}) {
    EXPECT_THROW(with_format(format).at(1), mp::ValueError) << format;
  }
  EXPECT_EQ(mp::ShareableList::attach(with(0, 6)).copy()[3], 7);
}

/// Nothing but an error comes of any bytes at all.
TEST(ShareableList, AnyBytesAreReadWithoutHarm) {
  const List list(samples());
  const auto block = list.shm().buf();
  const std::vector<std::byte> before(block.begin(), block.end());
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::copy(before.begin(), before.end(), block.begin());
    for (int i = 0; i < 3; ++i) {
      block[random() % block.size()] = static_cast<std::byte>(random());
    }
    try {
      const auto damaged = mp::ShareableList::attach(list.shm().name());
      damaged.copy();
      damaged.set(static_cast<std::ptrdiff_t>(random() % 6), "text");
    } catch (const std::exception&) {
    }
  }
}

class ShareableListProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ShareableListProcesses);

TEST_P(ShareableListProcesses, TravelsAsArgumentCaptureAndItem) {
  const List owner{1, "two", 3.0};
  const mp::ShareableList list = owner;
  const mp::Queue<mp::ShareableList> queue;
  queue.put(list);
  EXPECT_EQ(exitcode_of(
                [list, queue](const mp::ShareableList& argument) {
                  require(argument == list && queue.get(plenty) == list);
                  require(argument[1] == "two");
                  list[0] = 10;
                },
                list),
            0);
  EXPECT_EQ(list[0], 10);
}

class ShareableListWithPython : public testing::Test {
 protected:
  void SetUp() override {
    if (!mp::test::has_python()) {
      GTEST_SKIP() << "there is no python3";
    }
  }
};

TEST_F(ShareableListWithPython, PythonReadsAndWritesOurs) {
  const List list{true, "h\xc3\xa4", mp::None, 7, bytes("12345678"), 1.5};
  EXPECT_EQ(mp::test::python(R"(
list = ShareableList(name=sys.argv[1])
leave(list.shm)
print(ascii([*list]), list.format)
list[0] = None
list[1] = "longer"
list[2] = -1
list[3] = 2.5
list[4] = b"x"
list[5] = True
list.shm.close()
)",
                             {list.shm().name()}),
            "[True, 'h\\xe4', None, 7, b'12345678', 1.5] xxxxxxx?8sxxxxxx?xq16sd\n");
  EXPECT_EQ(list.copy(), (std::vector<Item>{mp::None, "longer", -1, 2.5, bytes("x"), true}));
}

TEST_F(ShareableListWithPython, WeReadAndWritePythons) {
  const std::string name = mp::test::python(R"(
list = ShareableList([1, "text", b"bytes", None, False, 2.5, "", 2**63 - 1])
leave(list.shm)
print(list.shm.name, end="")
)");
  const auto list = mp::ShareableList::attach(name);
  EXPECT_EQ(list.copy(), (std::vector<Item>{1, "text", bytes("bytes"), std::nullopt, false, 2.5, "",
                                            std::numeric_limits<std::int64_t>::max()}));
  list[0] = "eight by";
  list[1] = 5;
  list[3] = bytes("b");
  list[6] = true;
  EXPECT_EQ(mp::test::python(R"(
list = ShareableList(name=sys.argv[1])
leave(list.shm)
print([*list], end="")
)",
                             {name}),
            "['eight by', 5, b'bytes', b'b', False, 2.5, True, 9223372036854775807]");
  list.shm().unlink();
}

}  // namespace
