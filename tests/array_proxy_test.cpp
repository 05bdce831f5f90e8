// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/array_proxy.hpp>

#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mp = multiprocess;
using mp::test::shown;
using Ints = std::vector<int>;

namespace {

using ArrayProxy = mp::test::WithManager;

TEST_F(ArrayProxy, HasItsItems) {
  const auto array = manager().Array<int>(3);
  EXPECT_EQ(array.size(), 3);
  EXPECT_EQ(array.to_vector(), (Ints{0, 0, 0}));
  array[0] = 7;
  array[-1] += 2;
  array.set(1, array.get(0));
  EXPECT_EQ(array.slice(1), (Ints{7, 2}));
  EXPECT_THROW(array.get(3), mp::IndexError);
  EXPECT_THROW(array[-4] = 1, mp::IndexError);
  EXPECT_THROW(manager().Array<int>(-1), mp::ValueError);
  int sum = 0;
  for (const int item : array) {
    sum += item;
  }
  EXPECT_EQ(sum, 16);
}

TEST_F(ArrayProxy, IsMadeOfWhatThereIs) {
  EXPECT_EQ(manager().Array<double>({1.5, 2}).get(0), 1.5);
  const Ints items = manager().Array(Ints{1, 2});
  EXPECT_EQ(items, (Ints{1, 2}));
}

TEST_F(ArrayProxy, ShowsItsItems) {
  EXPECT_EQ(shown(manager().Array<int>({1, 2})), "array('int', [1, 2])");
  EXPECT_EQ(repr(manager().Array<int>(1)).substr(0, 40),
            "<ArrayProxy object, typeid 'Array' at 0x");
}

class ArraysEverywhere : public mp::test::Managers {};

TEST_P(ArraysEverywhere, AreShared) {
  const mp::SyncManager manager = this->manager();
  const auto array = manager.Array<int>({1, 2});
  EXPECT_EQ(exitcode_of([](const mp::ArrayProxy<int>& shared) { shared[1] += 40; }, array), 0);
  EXPECT_EQ(array[1], 42);
}

MULTIPROCESS_FOR_EACH_START_METHOD(ArraysEverywhere);

}  // namespace
