// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/base_proxy.hpp>

#include <multiprocess/queue.hpp>

#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;

namespace {

static_assert(std::is_nothrow_copy_constructible_v<mp::ListProxy<int>>);
static_assert(!std::is_default_constructible_v<mp::ListProxy<int>>);

using BaseProxy = mp::test::WithManager;

TEST_F(BaseProxy, IsEqualWhenItIsTheSameObject) {
  const auto list = manager().list<int>({1});
  const mp::ListProxy<int> copy = list;
  EXPECT_TRUE(copy == list);
  EXPECT_TRUE(copy != manager().list<int>({1}));
  EXPECT_EQ(repr(copy), repr(list));
}

TEST_F(BaseProxy, TravelsOnQueuesAndInObjects) {
  const mp::Queue<mp::ListProxy<int>> queue;
  const auto list = manager().list<int>({1});
  queue.put(list);
  EXPECT_TRUE(queue.get() == list);
  const mp::Object object(list);
  EXPECT_TRUE(object.as<mp::ListProxy<int>>() == list);
  EXPECT_THROW(object.as<mp::ListProxy<double>>(), mp::TypeError);
  EXPECT_THROW(mp::dumps(list), mp::RuntimeError);
}

TEST_F(BaseProxy, IsRefusedWhereAnotherTypeIsMeant) {
  const mp::Queue<mp::Object> queue;
  struct Box {
    mp::ListProxy<int> list;
  };
  queue.put(mp::Object(Box{manager().list<int>({1})}));
  EXPECT_EQ(queue.get().as<Box>().list.get(0), 1);
  manager().publish("it", manager().list<int>());
  EXPECT_THROW((manager().lookup<mp::DictProxy<>>("it")), mp::TypeError);
}

TEST_F(BaseProxy, ServesManyThreadsAtOnce) {
  const auto list = manager().list<int>({0});
  mp::test::in_threads(4, [&list](int) {
    for (int i = 0; i < 100; ++i) {
      list[0] += 1;
    }
  });
  EXPECT_EQ(list[0], 400);
}

TEST_F(BaseProxy, ServesOthersWhileOneIsBusy) {
  const auto busy = manager().list<int>({1});
  const auto other = manager().list<int>({2});
  const mp::Queue<int> go;
  const mp::Queue<int> begun;
  std::jthread worker([&] {
    busy.apply([go, begun](std::vector<int>& items) {
      begun.put(1);
      items.push_back(go.get(true, plenty));
    });
  });
  begun.get(true, plenty);
  EXPECT_EQ(other.get(0), 2) << "another object is not busy";
  std::jthread waiting([&] { EXPECT_EQ(busy.size(), 2) << "a call of the busy one waits"; });
  EXPECT_EQ(other.size(), 1);
  go.put(5);
}

TEST_F(BaseProxy, IsUsedByFunctionsInTheServer) {
  const auto list = manager().list<int>({1, 2});
  const auto log = manager().list<std::string>();
  list.apply([log](std::vector<int>& items) { log.append(std::to_string(items.size())); });
  EXPECT_EQ(log.get(0), "2") << "a function in the server is a client like others";
}

TEST_F(BaseProxy, CarriesMuch) {
  const std::string text(3'000'000, 'x');
  const auto list = manager().list<std::string>({text});
  list.append(text + "y");
  EXPECT_EQ(list.get(1).size(), 3'000'001u);
  EXPECT_EQ(list.slice().at(0), text);
}

TEST_F(BaseProxy, ShowsTracesOfTheServer) {
  const auto list = manager().list<int>({1});
  try {
    list.apply([](std::vector<int>&) { throw std::runtime_error("inside"); });
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "inside");
    EXPECT_THROW(std::rethrow_if_nested(error), mp::RemoteTraceback);
  }
}

}  // namespace
