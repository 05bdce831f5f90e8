// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/list_proxy.hpp>

#include <multiprocess/range.hpp>

#include "support/managers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::shown;

namespace {

static_assert(sizeof(mp::ListProxy<int>) == sizeof(mp::detail::SharedRef));
static_assert(std::is_nothrow_copy_constructible_v<mp::ListProxy<int>>, "closures may capture it");
static_assert(mp::sendable<mp::ListProxy<std::string>>);

class ListProxy : public mp::test::WithManager {
 protected:
  using Ints = std::vector<int>;
  static mp::ListProxy<int> five() { return manager().list<int>({0, 1, 2, 3, 4}); }
};

TEST_F(ListProxy, IsMadeOfWhatThereIs) {
  EXPECT_EQ(manager().list<int>().size(), 0);
  EXPECT_TRUE(manager().list().empty());
  EXPECT_EQ(manager().list(std::vector<double>{1.5}).get(0), 1.5);
  EXPECT_EQ(manager().list<long>(std::vector<int>{7}).get(0), 7);
  EXPECT_EQ(manager().list<int>(mp::range(3)).copy(), (Ints{0, 1, 2}));
  EXPECT_EQ(manager().list({"a", "b"}).get(1), "b");
}

TEST_F(ListProxy, HasItemsByTheirIndex) {
  const auto list = five();
  EXPECT_EQ(list.get(0), 0);
  EXPECT_EQ(list.at(-1), 4);
  EXPECT_EQ(list[std::size_t{2}], 2);
  list.set(-5, 10);
  list[1] = 11;
  list[2] = list[1];
  EXPECT_EQ(list.copy(), (Ints{10, 11, 11, 3, 4}));
  const int first = list[0];
  EXPECT_EQ(first, 10);
  EXPECT_TRUE(list[1] == list[2]);
  EXPECT_FALSE(list[0] == list[1]);
  EXPECT_EQ(list[0].as<long>(), 10L);
  EXPECT_THROW(list.get(5), mp::IndexError);
  EXPECT_THROW(list.get(-6), mp::IndexError);
  EXPECT_THROW(list[5] = 1, mp::IndexError);
  EXPECT_THROW(list[5] += 1, mp::IndexError);
}

TEST_F(ListProxy, ChangesItemsInOneStep) {
  const auto list = five();
  list[0] += 3;
  list[1] -= 3;
  list[2] *= 5;
  list[3] %= 2;
  list[4] <<= 1;
  ++list[4];
  EXPECT_EQ(list.copy(), (Ints{3, -2, 10, 1, 9}));
  EXPECT_EQ(list[0].change([](int& item) { item = -item; }), -3);
}

TEST_F(ListProxy, GrowsAndShrinks) {
  const auto list = manager().list<int>();
  list.append(1);
  const auto letters = manager().list<char>("ab");
  letters.extend("c");
  EXPECT_EQ(fmt::format("{}", letters), "['a', 'b', 'c']");
  list.extend({2, 3});
  list.extend(list);
  list += Ints{9};
  EXPECT_EQ(list.copy(), (Ints{1, 2, 3, 1, 2, 3, 9}));
  EXPECT_EQ(list.pop(), 9);
  EXPECT_EQ(list.pop(0), 1);
  list.insert(0, 5);
  list.insert(-1, 6);
  list.insert(100, 7);
  EXPECT_EQ(list.copy(), (Ints{5, 2, 3, 1, 2, 6, 3, 7}));
  list.remove(2);
  list.erase(-1);
  EXPECT_EQ(list.copy(), (Ints{5, 3, 1, 2, 6, 3}));
  EXPECT_THROW(list.remove(100), mp::ValueError);
  EXPECT_THROW(list.pop(100), mp::IndexError);
  EXPECT_THROW(list.erase(100), mp::IndexError);
  list.clear();
  EXPECT_THROW(list.pop(), mp::IndexError);
  list.append(4);
  list *= 3;
  EXPECT_EQ(list.copy(), (Ints{4, 4, 4}));
  EXPECT_EQ(list + Ints({5}), (Ints{4, 4, 4, 5}));
  list *= 0;
  EXPECT_TRUE(list.empty());
}

TEST_F(ListProxy, HasSlices) {
  const auto list = five();
  EXPECT_EQ(list.slice(1, 3), (Ints{1, 2}));
  EXPECT_EQ(list.slice(-2), (Ints{3, 4}));
  EXPECT_EQ(list.slice({}, {}, -2), (Ints{4, 2, 0}));
  EXPECT_EQ(list.slice(100, -100, -1), (Ints{4, 3, 2, 1, 0}));
  EXPECT_EQ(list.slice(3, 1), Ints());
  EXPECT_THROW(list.slice(0, 1, 0), mp::ValueError);
  list.assign(1, 3, Ints{7, 8, 9});
  EXPECT_EQ(list.copy(), (Ints{0, 7, 8, 9, 3, 4}));
  list.assign({}, {}, Ints{1, 2, 3}, 2);
  EXPECT_EQ(list.copy(), (Ints{1, 7, 2, 9, 3, 4}));
  EXPECT_THROW(list.assign({}, {}, Ints{1}, 2), mp::ValueError);
  list.erase({}, {}, 2);
  EXPECT_EQ(list.copy(), (Ints{7, 9, 4}));
  list.erase(1, {});
  EXPECT_EQ(list.copy(), Ints{7});
}

TEST_F(ListProxy, Finds) {
  const auto list = manager().list<int>({3, 1, 3});
  EXPECT_EQ(list.index(3), 0);
  EXPECT_EQ(list.index(3, 1), 2);
  EXPECT_THROW(list.index(3, 1, 2), mp::ValueError);
  EXPECT_EQ(list.count(3), 2);
  EXPECT_TRUE(list.contains(1));
  EXPECT_FALSE(list.contains(2));
}

TEST_F(ListProxy, FindsWhatIsEqualAlthoughItsBytesDiffer) {
  const auto list = manager().list<double>({1.5, 0.0});
  EXPECT_EQ(list.index(-0.0), 1);
  EXPECT_EQ(list.index(-0.0, -1), 1);
  EXPECT_THROW(list.index(0.0, 0, 1), mp::ValueError);
  EXPECT_EQ(list.count(-0.0), 1);
  list.remove(-0.0);
  EXPECT_EQ(list.copy(), std::vector<double>{1.5});
  EXPECT_THROW(list.remove(0.0), mp::ValueError);
  const auto objects = manager().list({mp::Object(1), mp::Object("a")});
  EXPECT_EQ(objects.index(1.0), 0);
  EXPECT_TRUE(objects.contains("a"));
}

TEST_F(ListProxy, SortsAndReverses) {
  const auto list = manager().list<int>({3, 1, 2});
  list.sort();
  EXPECT_EQ(list.copy(), (Ints{1, 2, 3}));
  list.reverse();
  EXPECT_EQ(list.copy(), (Ints{3, 2, 1}));
  int pivot = 2;
  list.sort([pivot](int a, int b) { return (a == pivot) > (b == pivot); });
  EXPECT_EQ(list.copy(), (Ints{2, 3, 1})) << "stable";
  const auto fail = [](int, int) -> bool { throw std::out_of_range("incomparable"); };
  EXPECT_THROW(list.sort(fail), std::out_of_range);
  EXPECT_EQ(list.copy(), (Ints{2, 3, 1}));
}

TEST_F(ListProxy, IsChangedByFunctionsInTheServer) {
  const auto list = five();
  int limit = 3;
  EXPECT_EQ(list.apply([limit](std::vector<int>& items) {
    return std::erase_if(items, [limit](int item) { return item < limit; });
  }),
            3u);
  EXPECT_EQ(list.copy(), (Ints{3, 4}));
  list.apply([](std::vector<int>& items) { items.push_back(5); });
  EXPECT_EQ(list.size(), 3);
  const auto fail = [](std::vector<int>& items) {
    items.clear();
    throw std::logic_error("no");
  };
  EXPECT_THROW(list.apply(fail), std::logic_error);
  EXPECT_EQ(list.size(), 3) << "as it was";
}

TEST_F(ListProxy, IsIteratedIndexByIndex) {
  const auto list = manager().list<int>({1, 2, 3});
  int sum = 0;
  for (const int item : list) {
    sum += item;
    if (item == 1) {
      list.append(10);
    }
  }
  EXPECT_EQ(sum, 16) << "what came meanwhile is seen";
}

TEST_F(ListProxy, ShowsItsItems) {
  const auto list = manager().list<std::string>({"a", "it's"});
  EXPECT_EQ(shown(list), R"(['a', "it's"])");
  EXPECT_EQ(fmt::format("{}", list), R"(['a', "it's"])");
  EXPECT_EQ(shown(list[0]), "'a'");
  EXPECT_EQ(repr(list).substr(0, 39), "<ListProxy object, typeid 'list' at 0x1");
  EXPECT_TRUE(list == mp::ListProxy<std::string>(list));
  EXPECT_FALSE(list == manager().list<std::string>({"a", "it's"})) << "it is another one";
}

TEST_F(ListProxy, HoldsListsThatLive) {
  const auto inner = manager().list<int>({1});
  const auto outer = manager().list<mp::ListProxy<int>>({inner, manager().list<int>()});
  outer[1]->append(5);
  outer[0][0] += 1;
  EXPECT_EQ(inner.get(0), 2);
  EXPECT_EQ(shown(outer), "[[2], [5]]");
  EXPECT_EQ(outer.index(inner), 0);
  const mp::ListProxy<int> taken = outer[0];
  EXPECT_TRUE(taken == inner);
}

TEST_F(ListProxy, RefusesItemsOfAnotherType) {
  const auto list = manager().list<mp::Object>({mp::Object("text")});
  EXPECT_THROW(list[0].as<int>(), mp::TypeError);
  EXPECT_EQ(list[0].as<std::string>(), "text");
}

class ListsEverywhere : public mp::test::Managers {};

TEST_P(ListsEverywhere, LoseNothingOfWhatManyDo) {
  const mp::SyncManager manager = this->manager();
  const auto list = manager.list<int>({0});
  std::vector<mp::Process> crew;
  for (int i = 0; i < 3; ++i) {
    crew.push_back(start(
        [](const mp::ListProxy<int>& shared, int number) {
          for (int n = 0; n < 200; ++n) {
            shared[0] += 1;
            shared.append(number);
          }
        },
        list, i));
  }
  for (mp::Process& each : crew) {
    EXPECT_TRUE(each.join(plenty));
  }
  EXPECT_EQ(list[0], 600);
  EXPECT_EQ(list.count(1), 200);
  EXPECT_EQ(list.size(), 601);
}

TEST_P(ListsEverywhere, ChangeByFunctionsOfTheProgram) {
  const mp::SyncManager manager = this->manager();
  const auto list = manager.list<int>({2, 1});
  EXPECT_EQ(exitcode_of(
                [](const mp::ListProxy<int>& shared) {
                  shared.sort(std::greater<>());
                  shared.apply([](std::vector<int>& items) { items.push_back(7); });
                },
                list),
            0);
  EXPECT_EQ(list.copy(), (std::vector<int>{2, 1, 7}));
}

MULTIPROCESS_FOR_EACH_START_METHOD(ListsEverywhere);

TEST_F(ListProxy, AFunctionInTheServerMayUseOthersAndNotItself) {
  const auto list = manager().list<int>({1});
  const auto other = manager().list<int>();
  list.apply([other](std::vector<int>& items) { other.append(items[0]); });
  EXPECT_EQ(other.copy(), Ints{1});
  EXPECT_THROW(list.apply([list](std::vector<int>& items) { list.append(items[0]); }),
               mp::RuntimeError);
  EXPECT_EQ(list.copy(), Ints{1}) << "and it serves as before";
}

TEST_F(ListProxy, FunctionsInTheServerMayHaveNames) {
  const auto list = manager().list<int>({1, 2});
  list.apply(mp::named<"list_proxy_test.add">([](std::vector<int>& items) { items.push_back(3); }));
  list.sort(mp::named<"list_proxy_test.more">([](int a, int b) { return a > b; }));
  EXPECT_EQ(list.copy(), (Ints{3, 2, 1}));
}

}  // namespace
