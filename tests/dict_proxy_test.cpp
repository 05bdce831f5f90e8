// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/dict_proxy.hpp>

#include "support/managers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::shown;

namespace {

static_assert(sizeof(mp::DictProxy<>) == sizeof(mp::detail::SharedRef));
static_assert(mp::sendable<mp::DictProxy<int, std::string>>);

using Names = std::vector<std::string>;

class DictProxy : public mp::test::WithManager {
 protected:
  static mp::DictProxy<std::string, int> two() {
    return manager().dict<std::string, int>({{"b", 2}, {"a", 1}});
  }
};

TEST_F(DictProxy, IsMadeOfWhatThereIs) {
  EXPECT_TRUE(manager().dict().empty());
  EXPECT_EQ(manager().dict(std::map<std::string, double>{{"a", 1.5}}).at("a"), 1.5);
  EXPECT_EQ((manager().dict<int, long>(std::vector<std::pair<int, int>>{{1, 2}}).at(1)), 2);
  EXPECT_EQ(two().size(), 2);
}

TEST_F(DictProxy, HasValuesByTheirKeys) {
  const auto dict = two();
  EXPECT_EQ(dict["a"], 1);
  dict["c"] = 3;
  dict["a"] = dict["c"];
  dict.set("b", 7);
  EXPECT_EQ(dict.at("a"), 3);
  EXPECT_TRUE(dict["a"] == dict["c"]);
  EXPECT_EQ(dict.get("a"), std::optional(3));
  EXPECT_EQ(dict.get("z"), std::nullopt);
  EXPECT_EQ(dict.get("z", 5), 5);
  EXPECT_TRUE(dict.contains("a"));
  EXPECT_FALSE(dict.contains("z"));
  EXPECT_THROW(dict.at("z"), mp::KeyError);
  EXPECT_THROW(static_cast<void>(dict["z"].get()), mp::KeyError);
  EXPECT_THROW(dict["z"] += 1, mp::KeyError);
  EXPECT_EQ(dict.size(), 3) << "reading makes no key";
}

TEST_F(DictProxy, SaysWhichKeyIsMissing) {
  try {
    two().at("z");
    FAIL();
  } catch (const mp::KeyError& error) {
    EXPECT_STREQ(error.what(), "'z'");
  }
}

TEST_F(DictProxy, GivesThingsUp) {
  const auto dict = two();
  EXPECT_EQ(dict.pop("b"), 2);
  EXPECT_EQ(dict.pop("b", 9), 9);
  EXPECT_THROW(dict.pop("b"), mp::KeyError);
  dict["c"] = 3;
  EXPECT_EQ(dict.popitem(), std::pair(std::string("c"), 3)) << "the last that came";
  dict.erase("a");
  EXPECT_THROW(dict.erase("a"), mp::KeyError);
  EXPECT_THROW(dict.popitem(), mp::KeyError);
  EXPECT_EQ(dict.setdefault("x", 4), 4);
  EXPECT_EQ(dict.setdefault("x", 5), 4);
  EXPECT_EQ(dict.setdefault("y"), 0);
  dict.clear();
  EXPECT_TRUE(dict.empty());
}

TEST_F(DictProxy, KeepsTheOrderOfItsKeys) {
  const auto dict = two();
  dict["c"] = 3;
  dict["b"] = 0;
  EXPECT_EQ(dict.keys(), (Names{"b", "a", "c"}));
  EXPECT_EQ(dict.values(), (std::vector<int>{0, 1, 3}));
  dict.erase("b");
  dict["b"] = 9;
  EXPECT_EQ(shown(dict), "{'a': 1, 'c': 3, 'b': 9}");
  EXPECT_EQ(fmt::format("{}", dict), shown(dict));
  EXPECT_EQ(repr(dict).substr(0, 38), "<DictProxy object, typeid 'dict' at 0x");
}

TEST_F(DictProxy, IsUpdatedAndCopied) {
  const auto dict = two();
  dict.update({{"a", 10}, {"z", 26}});
  dict |= std::map<std::string, int>{{"y", 25}};
  const std::map<std::string, int> expected{{"a", 10}, {"b", 2}, {"y", 25}, {"z", 26}};
  EXPECT_EQ(dict.copy(), expected);
  EXPECT_EQ((dict | std::map<std::string, int>{{"a", 0}}).at("a"), 0);
  const std::map<std::string, int> copied = dict;
  EXPECT_EQ(copied, expected);
  const std::unordered_map<std::string, int> hashed = dict;
  EXPECT_EQ(hashed.size(), 4u);
  EXPECT_EQ(dict.items().front(), std::pair(std::string("b"), 2));
  int sum = 0;
  for (const auto& [key, value] : dict) {
    sum += value;
    dict.pop(key);
  }
  EXPECT_EQ(sum, 63) << "of the moment of begin()";
}

TEST_F(DictProxy, TakesWhatIsEqualForOneKey) {
  const auto dict = manager().dict();
  dict[1] = "one";
  dict["text"] = 2.5;
  EXPECT_TRUE(dict.contains(1.0));
  EXPECT_TRUE(dict.contains(1L));
  EXPECT_FALSE(dict.contains("1"));
  dict[1.0] = "uno";
  EXPECT_EQ(dict.size(), 2);
  EXPECT_EQ(dict[1].as<std::string>(), "uno");
  dict["text"] += 1;
  EXPECT_EQ(dict["text"].as<double>(), 3.5);
  EXPECT_THROW(dict["text"].as<int>(), mp::TypeError);
  EXPECT_EQ(shown(dict), "{1: 'uno', 'text': 3.5}");
  const auto reals = manager().dict<double, int>({{0.0, 1}});
  EXPECT_EQ(reals.at(-0.0), 1);
  const auto pairs = manager().dict<std::pair<int, std::string>, int>();
  pairs[{1, "a"}] = 5;
  EXPECT_EQ(pairs.at({1, "a"}), 5);
}

TEST_F(DictProxy, IsChangedByFunctionsInTheServer) {
  const auto dict = two();
  EXPECT_EQ(dict.apply("a", [](int& value) { return value *= 7; }), 7);
  EXPECT_THROW(dict.apply("z", [](int& value) { ++value; }), mp::KeyError);
  EXPECT_EQ(dict.apply([](std::map<std::string, int>& all) {
    all["new"] = 1;
    all.erase("b");
    return all.size();
  }),
            2u);
  EXPECT_EQ(dict.keys(), (Names{"a", "new"}));
  dict.apply([](std::unordered_map<std::string, int>& all) { all["a"] = 0; });
  dict.apply([](std::vector<std::pair<std::string, int>>& all) { all.emplace_back("last", 2); });
  EXPECT_EQ(shown(dict), "{'a': 0, 'new': 1, 'last': 2}");
  const auto fail = [](std::map<std::string, int>& all) {
    all.clear();
    throw std::runtime_error("no");
  };
  EXPECT_THROW(dict.apply(fail), std::runtime_error);
  EXPECT_EQ(dict.size(), 3) << "as it was";
}

TEST_F(DictProxy, HoldsObjectsThatLive) {
  const auto inner = manager().dict<std::string, int>({{"n", 1}});
  const auto outer = manager().dict<std::string, mp::DictProxy<std::string, int>>();
  outer["x"] = inner;
  outer["x"]["n"] += 1;
  outer["x"]->update({{"m", 5}});
  const int n = outer["x"]["n"];
  EXPECT_EQ(n, 2);
  EXPECT_EQ(inner.at("m"), 5);
  const auto mixed = manager().dict<std::string, mp::Object>(
      {{"items", manager().list<int>({1})}, {"name", "bob"}, {"count", 3}});
  mixed["items"].as<mp::ListProxy<int>>().append(2);
  EXPECT_EQ(mixed["items"].as<mp::ListProxy<int>>().size(), 2);
  mixed["count"] += 1;
  const int count = mixed["count"];
  EXPECT_EQ(count, 4);
  EXPECT_EQ(mixed["name"].as<std::string>(), "bob");
}

class DictsEverywhere : public mp::test::Managers {};

TEST_P(DictsEverywhere, LoseNothingOfWhatManyDo) {
  const mp::SyncManager manager = this->manager();
  const auto dict = manager.dict<std::string, int>({{"sum", 0}});
  std::vector<mp::Process> crew;
  for (int i = 0; i < 3; ++i) {
    crew.push_back(start(
        [](const mp::DictProxy<std::string, int>& shared, int number) {
          for (int n = 0; n < 150; ++n) {
            shared["sum"] += 1;
            shared.apply("sum", [](int& value) { ++value; });
            shared[std::to_string(number)] = n;
          }
        },
        dict, i));
  }
  for (mp::Process& each : crew) {
    EXPECT_TRUE(each.join(plenty));
  }
  EXPECT_EQ(dict["sum"], 900);
  EXPECT_EQ(dict.size(), 4);
}

MULTIPROCESS_FOR_EACH_START_METHOD(DictsEverywhere);

}  // namespace
