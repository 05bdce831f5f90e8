// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/set_proxy.hpp>

#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::shown;
using Ints = std::set<int>;

namespace {

class SetProxy : public mp::test::WithManager {
 protected:
  static mp::SetProxy<int> three() { return manager().set<int>({3, 1, 2, 3}); }
};

TEST_F(SetProxy, HoldsEachValueOnce) {
  const auto set = three();
  EXPECT_EQ(set.size(), 3);
  set.add(1);
  set.add(7);
  EXPECT_EQ(set.size(), 4);
  EXPECT_TRUE(set.contains(7));
  set.remove(7);
  EXPECT_THROW(set.remove(7), mp::KeyError);
  set.discard(7);
  EXPECT_EQ(set.pop(), 3) << "the first that came";
  EXPECT_EQ(set.copy(), (Ints{1, 2}));
  set.clear();
  EXPECT_TRUE(set.empty());
  EXPECT_THROW(set.pop(), mp::KeyError);
  EXPECT_EQ(shown(set), "set()");
}

TEST_F(SetProxy, IsCombinedWithOthers) {
  const auto set = three();
  EXPECT_EQ(set.union_({9}), (Ints{1, 2, 3, 9}));
  EXPECT_EQ(set.intersection(std::vector<int>{3, 4}), Ints{3});
  EXPECT_EQ(set.difference({1}), (Ints{2, 3}));
  EXPECT_EQ(set.symmetric_difference({1, 5}), (Ints{2, 3, 5}));
  EXPECT_EQ(set | Ints{5}, (Ints{1, 2, 3, 5}));
  EXPECT_EQ(set & Ints{1}, Ints{1});
  EXPECT_EQ(set - three(), Ints());
  EXPECT_EQ(set ^ Ints{1}, (Ints{2, 3}));
  EXPECT_EQ(set.size(), 3) << "as it was";
}

TEST_F(SetProxy, BecomesWhatIsCombined) {
  const auto set = three();
  set.update({8});
  set |= Ints{9};
  set -= Ints{1};
  EXPECT_EQ(set.items(), (std::vector<int>{3, 2, 8, 9}));
  set &= Ints{2, 9, 10};
  set ^= Ints{9, 4};
  EXPECT_EQ(set.items(), (std::vector<int>{2, 4}));
  set.intersection_update({4});
  set.symmetric_difference_update({4, 6});
  set.difference_update({6});
  EXPECT_TRUE(set.empty());
}

TEST_F(SetProxy, IsComparedWithOthers) {
  const auto set = three();
  EXPECT_TRUE(set.issubset({1, 2, 3, 4}));
  EXPECT_FALSE(set.issubset({1, 2}));
  EXPECT_TRUE(set.issuperset({1, 1, 2}));
  EXPECT_FALSE(set.issuperset({4}));
  EXPECT_TRUE(set <= Ints({1, 2, 3}));
  EXPECT_FALSE(set < Ints({1, 2, 3}));
  EXPECT_TRUE(set < Ints({1, 2, 3, 4}));
  EXPECT_TRUE(set >= Ints({1}));
  EXPECT_TRUE(set > Ints({1}));
  EXPECT_FALSE(set > Ints({1, 4}));
  EXPECT_TRUE(set.isdisjoint({4}));
  EXPECT_FALSE(set.isdisjoint({4, 1}));
}

TEST_F(SetProxy, IsChangedByFunctionsInTheServer) {
  const auto set = three();
  EXPECT_EQ(set.apply([](Ints& items) { return items.erase(1); }), 1u);
  EXPECT_EQ(set.copy(), (Ints{2, 3}));
  const auto fail = [](Ints& items) {
    items.clear();
    throw std::runtime_error("no");
  };
  EXPECT_THROW(set.apply(fail), std::runtime_error);
  EXPECT_EQ(set.size(), 2);
}

TEST_F(SetProxy, ShowsItsItems) {
  EXPECT_EQ(shown(three()), "{3, 1, 2}");
  EXPECT_EQ(repr(three()).substr(0, 36), "<SetProxy object, typeid 'set' at 0x");
  int sum = 0;
  for (const int item : three()) {
    sum += item;
  }
  EXPECT_EQ(sum, 6);
}

TEST_F(SetProxy, TakesWhatIsEqualForOne) {
  const auto set = manager().set({mp::Object(1), mp::Object(1.0), mp::Object("a")});
  EXPECT_EQ(set.size(), 2);
  EXPECT_TRUE(set.contains("a"));
  EXPECT_EQ(manager().set<std::string>({"a", "b", "a"}).size(), 2);
}

class SetsEverywhere : public mp::test::Managers {};

TEST_P(SetsEverywhere, LoseNothingOfWhatManyDo) {
  const mp::SyncManager manager = this->manager();
  const auto set = manager.set<int>();
  std::vector<mp::Process> crew;
  for (int i = 0; i < 2; ++i) {
    crew.push_back(start(
        [](const mp::SetProxy<int>& shared, int number) {
          for (int n = 0; n < 100; ++n) {
            shared.add(n * 2 + number);
            shared |= Ints{1000};
          }
        },
        set, i));
  }
  for (mp::Process& each : crew) {
    EXPECT_TRUE(each.join(plenty));
  }
  EXPECT_EQ(set.size(), 201);
}

MULTIPROCESS_FOR_EACH_START_METHOD(SetsEverywhere);

}  // namespace
