// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/codec.hpp>

#include <multiprocess/error.hpp>

#include <gtest/gtest.h>
#include <cereal/types/valarray.hpp>

#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <stack>
#include <unordered_map>
#include <unordered_set>

namespace multiprocess::detail {
namespace {

template <class T>
T crossed(const T& value) {
  return decode<T>(encode(value));
}

template <class T>
void expect_crosses(const T& value) {
  EXPECT_EQ(crossed(value), value);
}

enum class Color : std::uint8_t { red, green };

struct Point {
  int x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};

struct Person {
  std::string name;
  std::vector<std::string> friends;
  std::map<std::string, Point> places;
  std::optional<Color> color;
  bool operator==(const Person&) const = default;
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};

class Account {
 public:
  Account() = default;
  explicit Account(int cents) : cents_(cents) {}
  int cents() const { return cents_; }
  int writes() const { return writes_; }

 private:
  friend class cereal::access;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(cents_));
    if constexpr (Archive::is_saving::value) {
      ++writes_;
    }
  }
  int cents_ = 0;
  int writes_ = 0;
};

TEST(Archive, CarriesNumbersAndText) {
  expect_crosses(42);
  expect_crosses(-1.5);
  expect_crosses(true);
  expect_crosses('c');
  expect_crosses(std::byte{7});
  expect_crosses(Color::green);
  expect_crosses(std::string("text with \0 inside", 18));
  expect_crosses(std::u16string(u"wide"));
  expect_crosses(std::string(1000, 'x'));
}

TEST(Archive, CarriesContainers) {
  expect_crosses(std::vector<int>{1, 2, 3});
  expect_crosses(std::vector<double>(1000, 0.5));
  expect_crosses(std::vector<bool>{true, false, true});
  expect_crosses(std::vector<std::string>{"a", "bb"});
  expect_crosses(std::vector<std::vector<int>>{{1}, {}, {2, 3}});
  expect_crosses(std::deque<int>{1, 2});
  expect_crosses(std::list<std::string>{"x", "y"});
  expect_crosses(std::set<int>{3, 1, 2});
  expect_crosses(std::multiset<int>{1, 1});
  expect_crosses(std::map<std::string, int>{{"one", 1}, {"two", 2}});
  expect_crosses(std::multimap<int, int>{{1, 1}, {1, 2}});
  expect_crosses(std::unordered_map<std::string, std::vector<int>>{{"a", {1, 2}}, {"b", {}}});
  expect_crosses(std::unordered_set<int>{1, 2, 3});
  expect_crosses(std::array<std::string, 2>{"a", "b"});
  expect_crosses(std::queue<int>(std::deque<int>{1, 2}));
  expect_crosses(std::stack<std::string>(std::deque<std::string>{"under", "over"}));
}

TEST(Archive, CarriesProductsAndSums) {
  expect_crosses(std::pair<int, std::string>{1, "one"});
  expect_crosses(std::tuple<int, double, std::string>{1, 2.5, "three"});
  expect_crosses(std::tuple<std::tuple<int>>{std::tuple<int>{1}});
  expect_crosses(std::optional<int>{});
  expect_crosses(std::optional<std::string>{"there"});
  expect_crosses(std::variant<int, std::string>{"text"});
  expect_crosses(std::variant<std::monostate, int>{});
}

TEST(Archive, CarriesTimesPathsAndOtherStdTypes) {
  using namespace std::chrono_literals;
  expect_crosses(1500ms);
  expect_crosses(std::chrono::system_clock::now());
  expect_crosses(std::complex<double>(1, 2));
  expect_crosses(std::bitset<70>(5));
  expect_crosses(std::filesystem::path("/tmp/somewhere"));
  expect_crosses(std::make_error_code(std::errc::broken_pipe));
  EXPECT_EQ(crossed(std::valarray<int>{1, 2})[1], 2);  // by cereal's own header
}

TEST(Archive, CarriesAggregatesWithoutALineOfCode) {
  expect_crosses(Point{1, 2});
  expect_crosses(Person{"Alice", {"Bob"}, {{"home", {1, 2}}}, Color::green});
  expect_crosses(Tree{"root", {{"left", {}}, {"right", {{"leaf", {}}}}}});
}

TEST(Archive, PrefersTheOwnFunctionsOfAType) {
  const Account account(250);
  EXPECT_EQ(crossed(account).cents(), 250);
  EXPECT_EQ(account.writes(), 1);
}

TEST(Archive, CarriesWhatPointersOwn) {
  EXPECT_EQ(*crossed(std::make_unique<std::string>("owned")), "owned");
  EXPECT_EQ(crossed(std::unique_ptr<int>()), nullptr);
  const auto shared = std::make_shared<Person>(Person{"Carol", {}, {}, {}});
  const auto both = crossed(std::pair(shared, shared));
  EXPECT_EQ(both.first->name, "Carol");
  EXPECT_EQ(both.first, both.second);
}

struct Knot {
  std::string name;
  std::weak_ptr<Knot> self;
};

TEST(Archive, KeepsPointersThatLeadBack) {
  const auto knot = std::make_shared<Knot>();
  knot->name = "knot";
  knot->self = knot;
  const auto tied = crossed(knot);
  EXPECT_EQ(tied->self.lock(), tied);
}

Tree tall_tree(int height) {
  Tree tree;
  for (int i = 0; i < height; ++i) {
    Tree above;
    above.children.push_back(std::move(tree));
    tree = std::move(above);
  }
  return tree;
}

TEST(Archive, CarriesDeepTrees) {
  expect_crosses(tall_tree(most_nested / 2 - 1));
}

TEST(Archive, RefusesWhatIsNestedTooDeeply) {
  EXPECT_THROW(encode(tall_tree(most_nested)), ValueError);
}

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) {
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

TEST(Archive, RefusesForgedSizes) {
  const auto huge = bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1});
  EXPECT_THROW(decode<std::string>(huge), ValueError);
  EXPECT_THROW(decode<std::vector<double>>(huge), ValueError);
  EXPECT_THROW(decode<std::vector<std::string>>(huge), ValueError);
  EXPECT_THROW((decode<std::map<int, int>>(huge)), ValueError);
  EXPECT_THROW(decode<std::string>(bytes_of({100, 1})), ValueError);
  EXPECT_THROW(decode<std::vector<int>>(bytes_of({2, 0, 0, 0, 0, 0})), ValueError);
}

TEST(Archive, TakesMemoryForWhatHasCome) {
  struct Large {
    std::array<std::string, 1000> texts;
  };
  std::vector<std::byte> bytes = encode(std::uint8_t{0});
  bytes.assign(1'000'000, std::byte{0x80});  // in the first of many a text that is too long
  bytes[0] = std::byte{0xff};
  bytes[1] = std::byte{0xff};
  bytes[2] = std::byte{0x07};
  EXPECT_THROW(decode<std::vector<Large>>(bytes), ValueError);
}

TEST(Archive, TakesFewThingsWithoutAByte) {
  using Nothing = std::vector<std::monostate>;
  EXPECT_EQ(decode<Nothing>(encode(Nothing(65536))).size(), 65536u);
  EXPECT_THROW(decode<Nothing>(encode(Nothing(65537))), ValueError);
  const std::vector<Nothing> many(300, Nothing(300));
  EXPECT_THROW(decode<std::vector<Nothing>>(encode(many)), ValueError) << "all together";
}

TEST(Archive, RefusesImpossibleValues) {
  EXPECT_THROW(decode<bool>(bytes_of({2})), ValueError);
  EXPECT_THROW((decode<std::variant<int, char>>(bytes_of({2, 0}))), ValueError);
  EXPECT_THROW(decode<std::optional<char>>(bytes_of({9, 0})), ValueError);
  EXPECT_THROW(decode<std::shared_ptr<char>>(bytes_of({5, 0, 0, 0})), ValueError);
}

TEST(Archive, RefusesLeftOverAndMissingBytes) {
  auto bytes = encode(std::string("text"));
  bytes.push_back(std::byte{0});
  EXPECT_THROW(decode<std::string>(bytes), ValueError);
  EXPECT_THROW(decode<int>({}), ValueError);
}

using Everything = std::tuple<Person, Tree, std::shared_ptr<Person>, std::shared_ptr<Person>,
                              std::variant<int, std::string>, std::vector<double>, Account>;

Everything everything() {
  const auto shared = std::make_shared<Person>(Person{"S", {"t"}, {{"u", {3, 4}}}, {}});
  return {Person{"Alice", {"Bob", "Carol"}, {{"home", {1, 2}}}, Color::red},
          Tree{"root", {{"leaf", {}}}},
          shared,
          shared,
          "alternative",
          {1, 2, 3},
          Account(5)};
}

TEST(Archive, SurvivesTruncationAnywhere) {
  const auto bytes = encode(everything());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(decode<Everything>(Bytes(bytes).first(size)), ValueError) << size;
  }
}

TEST(Archive, SurvivesEveryFlippedBit) {
  const auto bytes = encode(everything());
  int refused = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    try {
      decode<Everything>(flipped);
    } catch (const ValueError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace multiprocess::detail
