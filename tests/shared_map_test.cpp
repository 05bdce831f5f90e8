// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_map.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using mp::test::in_threads;
using mp::test::plenty;

namespace {

using Counts = mp::SharedMap<std::string, int>;
using Items = std::vector<std::pair<std::string, int>>;

static_assert(std::is_nothrow_copy_constructible_v<Counts> && mp::sendable<Counts>);

TEST(SharedMap, HasOneValueForEachKey) {
  const Counts map{{"b", 2}, {"a", 1}, {"b", 3}};
  EXPECT_EQ(map.size(), 2);
  EXPECT_EQ(map.items(), (Items{{"a", 1}, {"b", 3}}));
  map.set("c", 4);
  map.set("a", 5);
  EXPECT_EQ(map.get("a"), 5);
  EXPECT_EQ(map.get("x", 7), 7);
  EXPECT_EQ(map.find("x"), std::nullopt);
  EXPECT_TRUE(map.contains("c"));
  EXPECT_THROW(map.get("x"), mp::KeyError);
  EXPECT_TRUE(map.erase("b"));
  EXPECT_FALSE(map.erase("b"));
  EXPECT_EQ(map.items(), (Items{{"a", 5}, {"c", 4}}));
  map.clear();
  EXPECT_TRUE(map.empty());
}

TEST(SharedMap, KeysMayBeNumbersOrStructs) {
  const mp::SharedMap<int, double> map;
  for (int i = 0; i < 1000; ++i) {
    map.set(i * 7919 % 1000, i);
  }
  EXPECT_EQ(map.size(), 1000);
  EXPECT_EQ(map.items().front().first, 0);
  EXPECT_EQ(map.get(7919 % 1000), 1.0);
}

TEST(SharedMap, TextAsAKeyIsRefusedWhenItIsTooLong) {
  const Counts map;
  const std::string longest(63, 'x');
  map.set(longest, 1);
  map.set(std::string("a\0b", 3), 2);
  EXPECT_EQ(map.get(longest), 1);
  EXPECT_FALSE(map.contains("a"));
  EXPECT_THROW(map.set(longest + "x", 1), mp::ValueError);
  EXPECT_THROW(map.find(longest + "x"), mp::ValueError);
}

TEST(SharedMap, UpdateIsOneStep) {
  const Counts map;
  in_threads(4, [&](int number) {
    for (int i = 0; i < 300; ++i) {
      map.update(i % 2 == 0 ? "even" : "odd", [](int& count) { ++count; });
      map.update(std::to_string(number), [](int& count) { ++count; });
    }
  });
  EXPECT_EQ(map.get("even"), 600);
  EXPECT_EQ(map.get("odd"), 600);
  EXPECT_EQ(map.get("3"), 300);
  EXPECT_EQ(map.update("new", [](int& count) { return count; }), 0);
}

TEST(SharedMap, IsAssigned) {
  const Counts map{{"a", 1}};
  map.assign(std::map<std::string, int>{{"x", 1}, {"y", 2}});
  EXPECT_EQ(map.items(), (Items{{"x", 1}, {"y", 2}}));
  const Counts same = map;
  EXPECT_EQ(same, map);
  EXPECT_NE(map, Counts());
  EXPECT_TRUE(fmt::format("{}", map).starts_with("<SharedMap of ")) << fmt::format("{}", map);
}

class SharedMapProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(SharedMapProcesses);

TEST_P(SharedMapProcesses, CountTogether) {
  const Counts map;
  const auto count = [map] {
    for (int i = 0; i < 300; ++i) {
      map.update(std::to_string(i % 10), [](int& times) { ++times; });
    }
  };
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start(count));
  }
  count();
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
    EXPECT_EQ(process.exitcode(), 0);
  }
  EXPECT_EQ(map.size(), 10);
  EXPECT_EQ(map.get("7"), 120);
}

TEST_P(SharedMapProcesses, ATornOneSaysSoToEverybody) {
  const mp::Queue<Counts> queue;
  const Counts map{{"a", 1}};
  queue.put(map);
  EXPECT_EQ(exitcode_of([queue] { queue.get(plenty).update("b", [](int&) { mp::test::die(); }); }),
            multiprocess::test::killed);
  EXPECT_THROW(map.get("a"), mp::OwnerDied);
  EXPECT_THROW(map.set("a", 1), mp::OwnerDied);
  map.clear();
  map.set("a", 1);
  EXPECT_EQ(map.items(), (Items{{"a", 1}}));
}

}  // namespace
