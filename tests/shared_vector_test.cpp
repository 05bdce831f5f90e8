// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_vector.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <span>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using mp::test::in_threads;
using mp::test::plenty;
using mp::test::require;

namespace {

struct Point {
  int x;
  double y;
};

static_assert(std::is_nothrow_copy_constructible_v<mp::SharedVector<int>>);
static_assert(mp::sendable<mp::SharedVector<Point>>);
static_assert(std::is_same_v<decltype(mp::SharedVector(std::vector{1})), mp::SharedVector<int>>);

TEST(SharedVector, GrowsAndShrinks) {
  const mp::SharedVector<int> vector;
  EXPECT_TRUE(vector.empty());
  EXPECT_EQ(vector.pop_back(), std::nullopt);
  for (int i = 0; i < 1000; ++i) {
    vector.push_back(i);
  }
  EXPECT_EQ(vector.size(), 1000);
  EXPECT_EQ(vector.pop_back(), 999);
  EXPECT_EQ(vector.get(-1), 998);
  vector.clear();
  EXPECT_EQ(vector.size(), 0);
  vector.push_back(5);
  EXPECT_EQ(vector.to_vector(), std::vector{5});
}

TEST(SharedVector, ItemsAreGotSetInsertedAndErased) {
  const mp::SharedVector<int> vector{1, 2, 3};
  vector.set(-1, 30);
  vector.insert(0, 0);
  vector.insert(4, 40);
  vector.insert(-1, 35);
  EXPECT_EQ(vector.to_vector(), (std::vector{0, 1, 2, 30, 35, 40}));
  vector.erase(0);
  vector.erase(-2);
  EXPECT_EQ(vector.to_vector(), (std::vector{1, 2, 30, 40}));
  EXPECT_EQ(vector[2], 30);
  for (const std::ptrdiff_t wrong : {5, -5}) {
    EXPECT_THROW(vector.get(wrong), mp::IndexError);
    EXPECT_THROW(vector.set(wrong, 1), mp::IndexError);
    EXPECT_THROW(vector.insert(wrong, 1), mp::IndexError);
    EXPECT_THROW(vector.erase(wrong), mp::IndexError);
  }
  EXPECT_EQ(vector.to_vector(), (std::vector{1, 2, 30, 40}));
}

TEST(SharedVector, IsMadeOfARangeAndAssigned) {
  EXPECT_EQ(mp::SharedVector(mp::range(3)).size(), 3);
  const mp::SharedVector<double> vector(std::vector{1, 2});
  vector.extend_with(std::vector{3.5});
  vector.extend_with(std::vector<double>());
  EXPECT_EQ(vector.to_vector(), (std::vector{1.0, 2.0, 3.5}));
  vector.assign(std::vector{9});
  EXPECT_EQ(vector.to_vector(), std::vector{9.0});
  const mp::SharedVector<bool> flags{true, false};
  EXPECT_EQ(flags.to_vector(), (std::vector{true, false}));
  const mp::SharedVector<Point> points{{1, 2.0}};
  EXPECT_EQ(points[0].y, 2.0);
}

TEST(SharedVector, WithLockIsOneStep) {
  const mp::SharedVector<int> vector{0, 0};
  in_threads(4, [&](int) {
    for (int i = 0; i < 300; ++i) {
      vector.with_lock([](std::span<int> items) { ++items[0]; });
      const std::scoped_lock guard(vector);
      vector.set(1, vector.get(1) + 1);
    }
  });
  EXPECT_EQ(vector.to_vector(), (std::vector{1200, 1200}));
  EXPECT_THROW(vector.with_lock([&](std::span<int>) { vector.push_back(1); }), mp::RuntimeError);
  EXPECT_THROW(vector.with_lock([&](std::span<int>) { vector.clear(); }), mp::RuntimeError);
  EXPECT_EQ(vector.size(), 2);
}

TEST(SharedVector, AnyThreadMayPushAndPop) {
  const mp::SharedVector<int> vector;
  std::atomic<int> popped{0};
  in_threads(4, [&](int number) {
    for (int i = 0; i < 500; ++i) {
      if (number < 2) {
        vector.push_back(i);
      } else {
        popped += vector.pop_back() ? 1 : 0;
      }
    }
  });
  EXPECT_EQ(vector.size() + popped, 1000);
}

TEST(SharedVector, CopiesAreTheSameVector) {
  const mp::SharedVector<int> vector;
  const mp::SharedVector<int> copy = vector;
  copy.push_back(1);
  EXPECT_EQ(vector.size(), 1);
  EXPECT_EQ(copy, vector);
  EXPECT_NE(copy, mp::SharedVector<int>{1});
  EXPECT_TRUE(fmt::format("{}", copy).starts_with("<SharedVector of c_int at 0x"));
  const mp::Queue<> queue;
  queue.put(copy);
  EXPECT_THROW(queue.get<mp::SharedVector<double>>(), mp::TypeError);
}

class SharedVectorProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(SharedVectorProcesses);

TEST_P(SharedVectorProcesses, PushTogether) {
  const mp::SharedVector<int> vector;
  const auto push = [vector](int first) {
    for (int i = 0; i < 500; ++i) {
      vector.push_back(first + i);
    }
  };
  std::vector<mp::Process> processes;
  for (int i = 1; i < 4; ++i) {
    processes.push_back(start(push, i * 500));
  }
  push(0);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
    EXPECT_EQ(process.exitcode(), 0);
  }
  std::vector<int> all = vector.to_vector();
  std::sort(all.begin(), all.end());
  EXPECT_TRUE(std::ranges::equal(all, mp::range(2000)));
}

TEST_P(SharedVectorProcesses, OutlivesItsCreator) {
  const mp::Queue<mp::SharedVector<int>> queue;
  EXPECT_EQ(exitcode_of([queue] { queue.put(mp::SharedVector{1, 2, 3}); }), 0);
  EXPECT_EQ(queue.get(plenty).to_vector(), (std::vector{1, 2, 3}));
}

void die_changing(const mp::SharedVector<int>& vector) {
  vector.with_lock([](std::span<int> items) {
    items[0] = 10;
    mp::test::die();
  });
}

TEST_P(SharedVectorProcesses, ATornOneSaysSoToEverybody) {
  const mp::SharedVector<int> vector{1, 2};
  EXPECT_EQ(exitcode_of(&die_changing, vector), multiprocess::test::killed);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(vector.to_vector(), mp::OwnerDied);
    EXPECT_THROW(vector.push_back(1), mp::OwnerDied);
  }
  EXPECT_EQ(exitcode_of([vector] {
              try {
                vector.get(0);
              } catch (const mp::OwnerDied&) {
                vector.assign(std::vector{5});
              }
            }),
            0);
  EXPECT_EQ(vector.to_vector(), std::vector{5});
  EXPECT_EQ(exitcode_of(&die_changing, vector), multiprocess::test::killed);
  EXPECT_THROW(vector.with_lock([](std::span<int>, bool) { throw mp::ValueError("not mended"); }),
               mp::ValueError);
  EXPECT_THROW(vector.get(0), mp::OwnerDied);
  EXPECT_EQ(vector.with_lock([](std::span<int> items, bool died) { return died ? items[0] : 0; }),
            10);
  EXPECT_EQ(vector.get(0), 10);
}

TEST_P(SharedVectorProcesses, ADeathThatTearsNothingIsNoError) {
  const mp::SharedVector<int> vector{1, 2};
  EXPECT_EQ(exitcode_of([vector] {
              const std::scoped_lock guard(vector);
              vector.push_back(3);
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(vector.to_vector(), (std::vector{1, 2, 3}));
}

TEST_P(SharedVectorProcesses, LeaveNoObjects) {
  const auto before = mp::test::use_now();
  {
    const mp::SharedVector<int> vector(mp::range(1000));
    EXPECT_EQ(exitcode_of([vector] { vector.push_back(1); }), 0);
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

}  // namespace
