// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/register_type.hpp>

#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace mp = multiprocess;

namespace {

struct Adder {
  int add(int a, int b) const { return a + b; }
};
struct Late {
  int one() { return 1; }
};

TEST(RegisterType, KnowsTypesThisProgramHasRegistered) {
  EXPECT_TRUE(mp::register_type<Adder>("Adder", mp::method<&Adder::add>("add")));
  mp::SyncManager manager;
  manager.start();
  EXPECT_EQ(manager.create<Adder>().call<&Adder::add>(1, 2), 3);
}

TEST(RegisterType, TheServerKnowsWhatWasRegisteredBeforeItsStart) {
  mp::SyncManager manager;
  manager.start();
  EXPECT_TRUE(mp::register_type<Late>("Late", mp::method<&Late::one>("one")));
  EXPECT_THROW(manager.create<Late>(), mp::AttributeError);
  mp::SyncManager next;
  next.start();
  EXPECT_EQ(next.create<Late>().call<int>("one"), 1);
}

TEST(RegisterType, ANameMeansTheLastThatHasIt) {
  mp::register_type<Adder>("Adder");
  EXPECT_TRUE(mp::register_type<Adder>("Adder", mp::method<&Adder::add>("plus")));
  mp::SyncManager manager;
  manager.start();
  const auto adder = manager.create<Adder>();
  EXPECT_EQ(adder.call<int>("plus", 1, 2), 3);
  EXPECT_EQ(adder.call<&Adder::add>(2, 2), 4);
  EXPECT_THROW(adder.call("add", 1, 2), mp::AttributeError);
}

}  // namespace
