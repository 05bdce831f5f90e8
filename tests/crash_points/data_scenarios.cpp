// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/play.hpp"

#include <multiprocess/array.hpp>
#include <multiprocess/detail/deposit.hpp>
#include <multiprocess/detail/tracked_names.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/range.hpp>
#include <multiprocess/shared_map.hpp>
#include <multiprocess/shared_string.hpp>
#include <multiprocess/shared_vector.hpp>
#include <multiprocess/value.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::test {

namespace {

/// Where a step is about shared data. What the heap does, others try at every step.
const std::vector<std::string> files_of_data{"sequence.cpp",       "tracked_names.cpp",
                                             "shared_data.cpp",    "owned_lock.hpp",
                                             "recursive_lock.hpp", "account.cpp"};

/// All of one change, or of none, unless OwnerDied says otherwise.
using Pair = std::array<std::uint64_t, 8>;

struct DataWorld {
  Value<Pair> value;
  Array<int> array = Array<int>(4);
  SharedVector<int> log;  // grows only
  SharedVector<int> vector{1, 2, 3};
  SharedMap<int, int> map{{1, 1}};
  SharedString text;

  DataWorld() { detail::require_keeper(); }
};

constexpr std::array names{"one", "two", "three"};

// What victims do.

void change_values(DataWorld& world) {
  for (std::uint64_t i = 1; i < 4; ++i) {
    world.value.with_lock([i](Pair& pair) { pair.fill(i); });
  }
}

void append(DataWorld& world) {
  for (int i = 0; i < 40; ++i) {
    world.log.push_back(static_cast<int>(world.log.size()));
    world.text.append("()");
  }
  world.text.assign("()()");
}

void change_vector(DataWorld& world) {
  for (int i = 0; i < 20; ++i) {
    world.vector.insert(0, i);
  }
  world.vector.set(0, 5);
  world.vector.erase(1);
  world.vector.pop_back();
  world.vector.with_lock([](std::span<int> items) { std::fill(items.begin(), items.end(), 7); });
  world.vector.assign(range(100));
  world.vector.clear();
}

void change_map(DataWorld& world) {
  for (int i = 20; i > 0; --i) {
    world.map.set(i, i);
  }
  world.map.erase(3);
  world.map.clear();
}

void make_and_drop_data(DataWorld&) {
  const SharedVector<int> vector(range(1000));
  const Value<int> value(1);
  const SharedString text("text");
}

void track_and_forget(DataWorld&) {
  std::uint64_t id = 0;
  for (const char* const name : names) {
    detail::track_name(name, ++id);
  }
  detail::untrack_name("two", 2);
  detail::untrack_name("three", 3);
  detail::untrack_name("one", 1);
}

class DataPlay final : public Play {
 public:
  explicit DataPlay(void (*plays)(DataWorld&)) : plays_(plays) {}

  void victim() override {
    try {
      plays_(world_);
    } catch (const OwnerDied&) {  // after another victim
    }
  }
  void next_victim() override {}

  void check() override {
    check_values();
    check_what_grows();
    check_containers();
    std::uint64_t id = 0;
    for (const char* const name : names) {
      detail::untrack_name(name, ++id);
    }
    track_and_forget(world_);
  }

 private:
  void check_values() const {
    world_.value.value();
    world_.value.with_lock([](Pair& pair, bool owner_died) {
      EXPECT_TRUE(owner_died || std::count(pair.begin(), pair.end(), pair[0]) == 8) << "torn";
      pair = {};
    });
    world_.value.with_lock([](Pair& pair) { EXPECT_EQ(pair[0], 0U); });
    EXPECT_FALSE(world_.value.get_lock().locked());
    world_.array[0] += 1;
  }

  void check_what_grows() const {
    const std::vector<int> log = world_.log.to_vector();
    EXPECT_TRUE(std::ranges::equal(log, range(static_cast<std::ptrdiff_t>(log.size()))));
    const std::string text = world_.text.str();
    EXPECT_EQ(text.size() % 2, 0U);
    for (std::size_t i = 0; i < text.size(); i += 2) {
      EXPECT_EQ(text.substr(i, 2), "()");
    }
  }

  void check_containers() const {
    world_.vector.with_lock([](std::span<int> items, bool) {
      EXPECT_LE(items.size(), 100U);
      std::fill(items.begin(), items.end(), 1);
    });
    world_.vector.push_back(1);
    const std::vector<int> items = world_.vector.to_vector();
    EXPECT_EQ(std::count(items.begin(), items.end(), 1), std::ssize(items));
    try {
      EXPECT_LE(world_.map.items().size(), 20U);
    } catch (const OwnerDied&) {
      world_.map.clear();
    }
    world_.map.set(5, 6);
    EXPECT_EQ(world_.map.get(5), 6);
  }

  DataWorld world_;
  void (*plays_)(DataWorld&);
};

Scenario scenario(const char* name, void (*victim)(DataWorld&),
                  std::vector<std::string> first = {}) {
  return {name, [victim] { return std::make_unique<DataPlay>(victim); }, std::move(first),
          files_of_data};
}

}  // namespace

std::vector<Scenario> data_scenarios() {
  return {
      scenario("shared values", &change_values),
      scenario("containers that grow", &append),
      scenario("a vector", &change_vector),
      scenario("a map", &change_map),
      scenario("make data", &make_and_drop_data),
      scenario("tracked names", &track_and_forget),
      scenario("take over a container", &append, {"sequence.cpp"}),
      scenario("take over tracked names", &track_and_forget, {"tracked_names.cpp"}),
  };
}

}  // namespace multiprocess::test
