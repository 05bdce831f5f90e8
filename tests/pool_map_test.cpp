// SPDX-License-Identifier: BSD-3-Clause
// How map spreads its items, and what it waits for.
#include <multiprocess/pool.hpp>

#include <multiprocess/barrier.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>
#include <multiprocess/raw_array.hpp>

#include "support/child.hpp"
#include "support/one_pass.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

int square(int x) {
  return x * x;
}

class PoolMap : public mp::test::Pools {};

/// An item that fails ends its chunk: what was called is the first item of each.
struct Fails {
  mp::Queue<int> called;
  void operator()(int x) const {
    called.put(x);
    throw std::runtime_error("each");
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(called);
  }
};

std::set<int> taken_from(const mp::Queue<int>& queue) {
  std::set<int> all;
  while (const auto item = queue.try_get()) {
    EXPECT_TRUE(all.insert(*item).second) << *item << " was called twice";
  }
  return all;
}

std::set<int> multiples(int step, int end) {
  std::set<int> all;
  for (int x = 0; x < end; x += step) {
    all.insert(x);
  }
  return all;
}

// Python's: divmod(items, 4 * workers), and one more when something is left.
TEST_P(PoolMap, ChunksAreAFourthOfAWorkersShare) {
  struct Case {
    int items;
    int chunk;
  };
  const auto check = [](mp::Pool& pool, std::initializer_list<Case> cases) {
    for (const auto [items, chunk] : cases) {
      const Fails task;
      EXPECT_THROW(pool.map(task, mp::range(items)), std::runtime_error);
      EXPECT_EQ(taken_from(task.called), multiples(chunk, items)) << items;
    }
  };
  mp::Pool pool(two());
  check(pool, {{1, 1}, {7, 1}, {8, 1}, {9, 2}, {16, 2}, {17, 3}, {100, 13}});
  mp::Pool three(of(3));
  check(three, {{12, 1}, {13, 2}, {100, 9}});
}

TEST_P(PoolMap, ChunksAreTheSameWhateverTheItemsComeFrom) {
  mp::Pool pool(two());
  const Fails task;
  std::vector<int> items(20);
  std::iota(items.begin(), items.end(), 0);
  EXPECT_THROW(pool.map_async(task, items).get(), std::runtime_error);
  EXPECT_EQ(taken_from(task.called), multiples(3, 20));
  EXPECT_THROW(pool.map(task, mp::test::OnePass(items)), std::runtime_error);
  EXPECT_EQ(taken_from(task.called), multiples(3, 20)) << "of a length that nobody knows";
  EXPECT_THROW(pool.starmap(task, std::vector<std::tuple<int>>(items.begin(), items.end())),
               std::runtime_error);
  EXPECT_EQ(taken_from(task.called), multiples(3, 20));
}

TEST_P(PoolMap, IsNotFailFast) {
  mp::Pool pool(two());
  mp::Queue<int> called;
  EXPECT_THROW(pool.map(
                   [called](int x) {
                     called.put(x);
                     if (x == 0) {
                       throw std::runtime_error("the first");
                     }
                   },
                   {0, 1, 2, 3}, {.chunksize = 1}),
               std::runtime_error);
  EXPECT_EQ(called.qsize(), 4);
  EXPECT_THROW(pool.map(
                   [called](int x) {
                     called.put(x);
                     if (x == 1) {
                       throw std::runtime_error("in the middle");
                     }
                   },
                   {0, 1, 2, 3}, {.chunksize = 4}),
               std::runtime_error);
  EXPECT_EQ(called.qsize(), 6) << "the rest of a chunk is left out";
}

std::string error_of(const mp::AsyncResult<void>& result) {
  try {
    result.get(mp::test::plenty);
    return "none";
  } catch (const std::out_of_range& error) {
    return error.what();
  } catch (const mp::WorkerDied&) {
    return "died";
  }
}

TEST_P(PoolMap, WaitsForAllAndThrowsTheErrorThatCameFirst) {
  mp::Pool pool(two());
  for (const int sooner : {0, 1}) {
    for (const int deadly : {-1, 0, 1}) {
      const mp::Barrier all_began(3);
      const mp::Event go;
      const auto task = [=](int x) {
        all_began.wait();
        if (x != sooner) {
          go.wait();
        }
        if (x == deadly) {
          mp::test::die();
        }
        throw std::out_of_range("item " + std::to_string(x));
      };
      const auto result = pool.map_async(task, {0, 1}, {.chunksize = 1});
      all_began.wait();
      // Whose worker does this, that item has failed: the other one waits.
      EXPECT_EQ(pool.apply(square, 3), 9);
      EXPECT_FALSE(result.wait(1ms)) << "an item is not done";
      go.set();
      EXPECT_EQ(error_of(result), deadly == sooner ? "died" : "item " + std::to_string(sooner));
    }
  }
}

/// Calls `square` with items that change after the map was asked for and before it begins.
template <class Items>
std::vector<int> squares_of_changing(mp::Pool& pool, Items items, std::span<int> under) {
  const mp::Event begun;
  const mp::Event go;
  const auto busy = pool.apply_async([begun, go] {
    begun.set();
    go.wait();
  });
  begun.wait();
  const auto squares = pool.map_async(square, items);
  std::fill(under.begin(), under.end(), 7);
  go.set();
  return squares.get();
}

TEST_P(PoolMap, SharedItemsAreUsedWhereTheyLie) {
  mp::Pool pool(of(1));
  const std::vector<int> zeros(100);
  const std::vector<int> later(100, 49);
  const mp::RawArray<int> array(zeros);
  const std::span<int> all = array.get_obj();
  EXPECT_EQ(pool.map(square, array), zeros);
  EXPECT_EQ(squares_of_changing(pool, array, all), later);
  EXPECT_EQ(squares_of_changing(pool, all, all), later);
  array[11] = 5;
  EXPECT_EQ(pool.map(square, all.subspan(10, 3)), (std::vector{49, 25, 49}));
  EXPECT_EQ(squares_of_changing(pool, all.subspan(10, 3), all), std::vector(3, 49));
}

TEST_P(PoolMap, OtherItemsAreThoseThatWereGiven) {
  mp::Pool pool(of(1));
  std::vector<int> zeros(100);
  EXPECT_EQ(squares_of_changing(pool, std::span<const int>(zeros), zeros), std::vector<int>(100));
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolMap);

}  // namespace
