// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/namespace_proxy.hpp>

#include <multiprocess/list_proxy.hpp>

#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::shown;

namespace {

using NamespaceProxy = mp::test::WithManager;

TEST_F(NamespaceProxy, HasNamedValues) {
  const auto ns = manager().Namespace();
  ns.set("x", 1);
  ns["y"] = 2.5;
  ns["name"] = "bob";
  EXPECT_EQ(ns.get<int>("x"), 1);
  EXPECT_EQ(ns.get<double>("x"), 1.0) << "nothing is lost";
  EXPECT_EQ(ns.get<std::string>("name"), "bob");
  const int x = ns["x"];
  const std::string name = ns["name"];
  EXPECT_EQ(x, 1);
  EXPECT_EQ(name, "bob");
  ns["z"] = ns["x"];
  EXPECT_TRUE(ns["z"] == ns["x"]);
  EXPECT_TRUE(ns["z"] == 1);
  EXPECT_TRUE(ns.contains("z"));
  ns.del("z");
  EXPECT_FALSE(ns.contains("z"));
  EXPECT_EQ(ns.names(), (std::vector<std::string>{"name", "x", "y"}));
}

TEST_F(NamespaceProxy, TellsWhatItHasNot) {
  const auto ns = manager().Namespace();
  EXPECT_THROW(ns.get("x"), mp::AttributeError);
  EXPECT_THROW(ns.del("x"), mp::AttributeError);
  EXPECT_THROW(ns["x"] += 1, mp::AttributeError);
  ns["x"] = "text";
  EXPECT_THROW(ns.get<int>("x"), mp::TypeError);
}

TEST_F(NamespaceProxy, ChangesValuesInOneStep) {
  const auto ns = manager().Namespace();
  ns["count"] = 1;
  ns["count"] += 2;
  ns["count"] *= 10L;
  EXPECT_EQ(ns.get<int>("count"), 30);
  ns["real"] = 1.5;
  ns["real"] += 1;
  EXPECT_EQ(ns.get<double>("real"), 2.5);
  ns["text"] = "a";
  ns["text"] += "b";
  EXPECT_EQ(ns.get<std::string>("text"), "ab");
  ns["items"] = std::vector<int>{1};
  EXPECT_EQ(ns.apply<std::vector<int>>("items",
                                       [](std::vector<int>& items) {
                                         items.push_back(2);
                                         return items.size();
                                       }),
            2u);
  EXPECT_EQ(ns.get<std::vector<int>>("items"), (std::vector<int>{1, 2}));
}

TEST_F(NamespaceProxy, ShowsItsValues) {
  const auto ns = manager().Namespace();
  EXPECT_EQ(shown(ns), "Namespace()");
  ns["b"] = 1;
  ns["a"] = "x";
  ns["_hidden"] = 2;
  EXPECT_EQ(shown(ns), "Namespace(a='x', b=1)");
  EXPECT_EQ(shown(ns["b"]), "1");
  EXPECT_EQ(repr(ns).substr(0, 48), "<NamespaceProxy object, typeid 'Namespace' at 0x");
}

TEST_F(NamespaceProxy, HoldsObjectsThatLive) {
  const auto ns = manager().Namespace();
  ns["messages"] = manager().list<std::string>();
  ns.get<mp::ListProxy<std::string>>("messages").append("hello");
  EXPECT_EQ(ns["messages"].as<mp::ListProxy<std::string>>().get(0), "hello");
}

class NamespacesEverywhere : public mp::test::Managers {};

TEST_P(NamespacesEverywhere, LoseNothingOfWhatManyDo) {
  const mp::SyncManager manager = this->manager();
  const auto ns = manager.Namespace();
  ns["counter"] = 0;
  std::vector<mp::Process> crew;
  for (int i = 0; i < 3; ++i) {
    crew.push_back(start(
        [](const mp::NamespaceProxy& shared, int number) {
          for (int n = 0; n < 100; ++n) {
            shared["counter"] += 1;
          }
          shared["worker_" + std::to_string(number)] = "done";
        },
        ns, i));
  }
  for (mp::Process& each : crew) {
    EXPECT_TRUE(each.join(plenty));
  }
  EXPECT_EQ(ns.get<int>("counter"), 300);
  EXPECT_EQ(ns.names().size(), 4u);
}

MULTIPROCESS_FOR_EACH_START_METHOD(NamespacesEverywhere);

}  // namespace
