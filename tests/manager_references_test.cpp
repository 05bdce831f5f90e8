// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include <multiprocess/event.hpp>
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/managers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

// An object of a manager lives as long as there is a proxy of it anywhere, and not longer.

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

using List = mp::ListProxy<int>;

class ManagerReferences : public mp::test::Managers {
 protected:
  /// Within a second: whoever looks may not be the first to see that a process has ended.
  static bool soon_has(const mp::SyncManager& manager, std::size_t objects) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (manager.number_of_objects() != objects) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      mp::test::notice_deaths();
    }
    return true;
  }
};

TEST_P(ManagerReferences, ALastProxyTakesTheObjectAlong) {
  const mp::SyncManager manager = this->manager();
  {
    const List list = manager.list<int>();
    const List copy = list;
    EXPECT_EQ(manager.number_of_objects(), 1u);
  }
  EXPECT_EQ(manager.number_of_objects(), 0u);
  for (int i = 0; i < 1000; ++i) {
    manager.list<int>({i});
  }
  EXPECT_EQ(manager.number_of_objects(), 0u);
}

TEST_P(ManagerReferences, ManyObjectsHavePlacesOfTheirOwn) {
  const mp::SyncManager manager = this->manager();
  std::vector<List> all;
  for (int i = 0; i < 600; ++i) {
    all.push_back(manager.list<int>({i}));
  }
  EXPECT_EQ(manager.number_of_objects(), 600u);
  for (int i = 0; i < 600; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)].get(0), i);
  }
  all.resize(10, all.front());
  EXPECT_EQ(manager.number_of_objects(), 10u);
  all.push_back(manager.list<int>({7}));
  EXPECT_EQ(all.back().get(0), 7) << "in a place that another object had";
}

TEST_P(ManagerReferences, AMessageKeepsTheObject) {
  const mp::SyncManager manager = this->manager();
  const mp::Queue<List> queue;
  queue.put(manager.list<int>({5}));
  EXPECT_EQ(manager.number_of_objects(), 1u);
  EXPECT_EQ(queue.get().get(0), 5);
  EXPECT_EQ(manager.number_of_objects(), 0u);
}

TEST_P(ManagerReferences, AnObjectKeepsThoseInside) {
  const mp::SyncManager manager = this->manager();
  const auto outer = manager.list<List>({manager.list<int>({1}), manager.list<int>({2})});
  EXPECT_EQ(manager.number_of_objects(), 3u);
  outer.pop();
  EXPECT_EQ(manager.number_of_objects(), 2u);
  std::optional<mp::DictProxy<int, mp::ListProxy<List>>> dict =
      manager.dict<int, mp::ListProxy<List>>({{1, outer}});
  outer.append(manager.list<int>());
  dict.reset();
  EXPECT_EQ(manager.number_of_objects(), 3u) << "of which we have one";
  outer.clear();
  EXPECT_EQ(manager.number_of_objects(), 1u);
}

TEST_P(ManagerReferences, AProcessThatEndsGivesUpItsOwn) {
  const mp::SyncManager manager = this->manager();
  const List list = manager.list<int>();
  EXPECT_EQ(exitcode_of([](const List& given) { given.append(1); }, list), 0);
  EXPECT_TRUE(soon_has(manager, 1));
}

TEST_P(ManagerReferences, AKilledProcessDoesToo) {
  const mp::SyncManager manager = this->manager();
  const mp::Queue<List> queue;
  const mp::Event ready;
  const auto outer = manager.list<List>();
  mp::Process process = start(
      [](const mp::ListProxy<List>& shared, const mp::Queue<List>& out, const mp::Event& done) {
        shared.append(shared.copy().empty() ? out.get() : out.get());
        done.set();
        std::this_thread::sleep_for(plenty);
      },
      outer, queue, ready);
  queue.put(manager.list<int>({7}));
  EXPECT_TRUE(ready.wait(plenty));
  EXPECT_EQ(manager.number_of_objects(), 2u);
  process.kill();
  process.join();
  EXPECT_TRUE(soon_has(manager, 2)) << "the outer list still has what it got";
  outer.clear();
  EXPECT_TRUE(soon_has(manager, 1));
}

TEST(ManagerReferencesByFork, WhatAChildInheritedStaysUntilItEnds) {
  const mp::SyncManager manager = mp::Manager();
  mp::test::Gate used;
  mp::test::Gate gate;
  std::optional<List> list = manager.list<int>({1});
  mp::test::Child child([&] {
    list->append(2);
    used.open();
    gate.wait();
    list->append(3);
  });
  used.wait();
  list.reset();
  EXPECT_EQ(manager.number_of_objects(), 1u);
  gate.open();
  EXPECT_EQ(child.wait(), 0);
  mp::test::until([&] {
    mp::test::notice_deaths();
    return manager.number_of_objects() == 0;
  });
}

TEST(ManagerReferencesInTheArena, NothingIsLeft) {
  { const mp::SyncManager warm = mp::Manager(); }
  const mp::test::Use before = mp::test::use_now();
  {
    const mp::SyncManager manager = mp::Manager();
    const auto list = manager.list<List>({manager.list<int>({1, 2, 3})});
    manager.publish("list", list);
    mp::Process child([](const mp::ListProxy<List>& given) { given[0]->append(4); }, list);
    child.start();
    child.join();
    EXPECT_EQ(list[0]->size(), 4);
    std::jthread([&list] { list.append(list[0]); }).join();
  }
  mp::test::notice_deaths();
  EXPECT_EQ(mp::test::use_now(), before);
}

MULTIPROCESS_FOR_EACH_START_METHOD(ManagerReferences);

}  // namespace
