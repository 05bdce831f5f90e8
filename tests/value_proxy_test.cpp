// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/value_proxy.hpp>

#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::shown;

namespace {

using ValueProxy = mp::test::WithManager;

TEST_F(ValueProxy, ReadsAndWritesLikeTheValue) {
  auto value = manager().Value<int>(5);
  EXPECT_EQ(value.get(), 5);
  EXPECT_EQ(value.value(), 5);
  value.set(6);
  value.set_value(7);
  EXPECT_EQ(value, 7);
  value = 8;
  const int read = value;
  EXPECT_EQ(read, 8);
  EXPECT_EQ(manager().Value<double>().get(), 0.0);
  EXPECT_EQ(manager().Value("text").get(), "text");
  EXPECT_EQ(manager().Value(std::vector<int>{1}).get().size(), 1u);
}

TEST_F(ValueProxy, ChangesInOneStep) {
  const auto value = manager().Value(5);
  value += 4;
  value -= 1;
  value *= 3;
  value /= 2;
  EXPECT_EQ(value.get(), 12);
  EXPECT_EQ(++value, 13);
  EXPECT_EQ(--value, 12);
  EXPECT_EQ(value.apply([](int& held) { return held++; }), 12);
  EXPECT_EQ(value.get(), 13);
  const auto text = manager().Value(std::string("a"));
  text += "b";
  EXPECT_EQ(text.get(), "ab");
}

TEST_F(ValueProxy, ShowsItsValue) {
  EXPECT_EQ(shown(manager().Value(5)), "Value('int', 5)");
  EXPECT_EQ(shown(manager().Value("a")), "Value('std::string', 'a')");
  EXPECT_EQ(repr(manager().Value(5)).substr(0, 40), "<ValueProxy object, typeid 'Value' at 0x");
}

class ValuesEverywhere : public mp::test::Managers {};

TEST_P(ValuesEverywhere, LoseNothingOfWhatManyDo) {
  const mp::SyncManager manager = this->manager();
  const auto value = manager.Value(0);
  std::vector<mp::Process> crew;
  for (int i = 0; i < 3; ++i) {
    crew.push_back(start(
        [](const mp::ValueProxy<int>& shared) {
          for (int n = 0; n < 200; ++n) {
            shared += 1;
          }
        },
        value));
  }
  for (mp::Process& each : crew) {
    EXPECT_TRUE(each.join(plenty));
  }
  EXPECT_EQ(value.get(), 600);
}

MULTIPROCESS_FOR_EACH_START_METHOD(ValuesEverywhere);

}  // namespace
