// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

// Pools that have no workers: what their caller does is what those would do.

namespace mp = multiprocess;
using mp::test::square;

namespace {

mp::PoolOptions inline_tasks() {
  mp::PoolOptions options;
  options.processes = 3;
  options.inline_tasks = true;
  return options;
}

mp::Pool* here = nullptr;
int square_in_a_task(int x) {
  return here->apply(square, x);
}

TEST(PoolInline, RunsTasksInTheCallerAsTheyWouldRun) {
  mp::Pool pool(inline_tasks());
  EXPECT_EQ(pool.apply([] { return mp::current_process().pid(); }), mp::current_process().pid());
  EXPECT_EQ(pool.map(square, {1, 2, 3}, {.chunksize = 1}), (std::vector{1, 4, 9}));
  EXPECT_EQ(pool.apply([](std::string text) { return text + "!"; }, "hello"), "hello!");
  EXPECT_THROW(pool.apply([]() -> int { throw std::out_of_range("no"); }), std::out_of_range);
  int sum = 0;
  for (const int result : pool.imap(square, {1, 2, 3})) {
    sum += result;
  }
  EXPECT_EQ(sum, 14);
  here = &pool;
  EXPECT_EQ(pool.apply(square_in_a_task, 3), 9) << "a task may ask for more";
  EXPECT_TRUE(mp::active_children().empty());
  pool.close();
  pool.join();
}

/// Counts how often one of them was written, and read.
struct Traveller {
  int stations = 0;

  template <class Archive>
  void save(Archive& archive) const {
    ++saved;
    archive(stations);
  }
  template <class Archive>
  void load(Archive& archive) {
    ++loaded;
    archive(stations);
  }

  static inline int saved = 0;
  static inline int loaded = 0;
};

Traveller pass_through(Traveller traveller) {
  ++traveller.stations;
  return traveller;
}

/// So many since the last time.
void expect_journeys(int count) {
  EXPECT_EQ(Traveller::saved, count);
  EXPECT_EQ(Traveller::loaded, count);
  Traveller::saved = Traveller::loaded = 0;
}

TEST(PoolInline, SendsArgumentsAndResultsAllTheSame) {
  mp::Pool pool(inline_tasks());
  expect_journeys(0);
  EXPECT_EQ(pool.apply(pass_through, Traveller()).stations, 1);
  expect_journeys(2);
  EXPECT_EQ(pool.map(pass_through, std::vector<Traveller>(3)).at(2).stations, 1);
  expect_journeys(6);
  for (const Traveller& each : pool.imap(pass_through, std::vector<Traveller>(3))) {
    EXPECT_EQ(each.stations, 1);
  }
  expect_journeys(6);
}

struct Stowaway {
  template <class Archive>
  void save(Archive&) const {
    throw std::runtime_error("no papers");
  }
  template <class Archive>
  void load(Archive&) {}
};

TEST(PoolInline, AResultThatCannotBeSentFailsItsTaskOnly) {
  mp::Pool pool(inline_tasks());
  try {
    pool.apply([] { return Stowaway(); });
    FAIL();
  } catch (const mp::MaybeEncodingError& error) {
    EXPECT_NE(std::string(error.what()).find("no papers"), std::string::npos) << error.what();
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
}

}  // namespace
