// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/array.hpp>

#include <multiprocess/connection.hpp>
#include <multiprocess/context.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <list>
#include <mutex>
#include <numeric>
#include <span>
#include <sstream>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::in_threads;
using mp::test::plenty;
using mp::test::require;

namespace {

struct Point {
  int x;
  double y;
};

static_assert(std::is_nothrow_copy_constructible_v<mp::Array<int>>, "closures may capture it");
static_assert(mp::sendable<mp::Array<Point>> && mp::sendable<mp::Array<int, mp::Lock>>);
static_assert(std::is_same_v<decltype(mp::Array({1, 2})), mp::Array<int>>);
static_assert(std::is_same_v<decltype(mp::Array("text")), mp::Array<char>>);
static_assert(!std::is_convertible_v<int, mp::Array<int>>);

TEST(Array, IsMadeOfASizeAListOrARange) {
  EXPECT_EQ(mp::Array<int>(3).to_vector(), (std::vector{0, 0, 0}));
  EXPECT_EQ(mp::Array<int>(std::size_t{0}).size(), 0);
  EXPECT_EQ(mp::Array({1.5, 2.5}).to_vector(), (std::vector{1.5, 2.5}));
  EXPECT_EQ(mp::Array(std::vector{1, 2}).to_vector(), (std::vector{1, 2}));
  EXPECT_EQ(mp::Array<double>(std::list{1, 2}).to_vector(), (std::vector{1.0, 2.0}));
  EXPECT_EQ(mp::Array<int>(mp::range(1, 4)).to_vector(), (std::vector{1, 2, 3}));
  EXPECT_EQ(mp::Array<Point>({{1, 2.0}, {3, 4.0}}).get(1).y, 4.0);
  EXPECT_THROW(mp::Array<int>(-1), mp::ValueError);
  constexpr auto most = std::numeric_limits<std::ptrdiff_t>::max();
  EXPECT_THROW((void)mp::Array<int>(most), mp::ValueError);
}

TEST(Array, ItemsAreGotAndSet) {
  const mp::Array<int> array{1, 2, 3};
  EXPECT_EQ(array.size(), 3);
  array.set(0, 10);
  array.set(-1, 30);
  EXPECT_EQ(array.get(0), 10);
  EXPECT_EQ(array.get(2), 30);
  EXPECT_EQ(array.get(-2), 2);
  for (const std::ptrdiff_t wrong : {3, -4}) {
    EXPECT_THROW(array.get(wrong), mp::IndexError);
    EXPECT_THROW(array.set(wrong, 1), mp::IndexError);
    EXPECT_THROW(array[wrong], mp::IndexError);
  }
}

TEST(Array, AnElementStandsForAnItem) {
  const mp::Array<int> array{1, 2, 3};
  array[0] = 5;
  array[1] = array[0];
  array[-1] += 10;
  EXPECT_EQ(array.to_vector(), (std::vector{5, 5, 13}));
  array[1] -= 1;
  array[1] *= 6;
  array[1] /= 2;
  ++array[0];
  --array[2];
  const int read = array[1];
  EXPECT_EQ(read, 12);
  EXPECT_TRUE(array[0] == 6 && array[0] < array[1]);
  EXPECT_EQ(fmt::format("{}", array[2]), "12");
  std::ostringstream stream;
  stream << array[0];
  EXPECT_EQ(stream.str(), "6");
  EXPECT_EQ(array[0]++, 6);
  EXPECT_EQ(array[0]--, 7);
  array[0] %= 4;
  array[0] <<= 3;
  array[0] |= 5;
  array[0] ^= 1;
  array[0] &= 28;
  array[0] >>= 1;
  EXPECT_EQ(array.get(0), 10);
  const mp::Array<Point> points(2);
  points[1] = Point{3, 4.0};
  EXPECT_EQ(static_cast<Point>(points[1]).x, 3);
}

TEST(Array, IsARange) {
  const mp::Array<int> array{1, 2, 3};
  int sum = 0;
  for (const int item : array) {
    sum += item;
  }
  EXPECT_EQ(sum, 6);
  for (auto item : array) {
    item += 1;
  }
  EXPECT_EQ(array.to_vector(), (std::vector{2, 3, 4}));
  EXPECT_EQ((std::vector<int>(array.begin(), array.end())), (std::vector{2, 3, 4}));
}

TEST(Array, AnyIntegerIsAnIndex) {
  const mp::Array<int> array{1, 2, 3};
  for (std::size_t i = 0; i < 3; ++i) {
    array[i] *= 2;
    array.set(i, array.get(i) + 1);
  }
  EXPECT_EQ(array.slice(1U, sizeof(int)), (std::vector{5, 7}));
  EXPECT_THROW(array.get(~std::uint64_t{0}), mp::IndexError);
}

TEST(Array, SlicesAreCutAndAssigned) {
  const mp::Array<int> array(mp::range(10));
  EXPECT_EQ(array.slice(2, 4), (std::vector{2, 3}));
  EXPECT_EQ(array.slice(-2), (std::vector{8, 9}));
  EXPECT_EQ(array.slice(8, 100), (std::vector{8, 9}));
  EXPECT_TRUE(array.slice(5, 3).empty());
  array.assign(0, {-1, -2});
  array.assign(-2, std::list{-8, -9});
  EXPECT_EQ(array.to_vector(), (std::vector{-1, -2, 2, 3, 4, 5, 6, 7, -8, -9}));
  array.assign(0, array);
  EXPECT_EQ(array.get(1), -2);
}

TEST(Array, AssignWritesAllOrNothing) {
  const mp::Array<int> array{1, 2, 3};
  EXPECT_THROW(array.assign(2, {8, 9}), mp::ValueError);
  EXPECT_THROW(array.assign(4, {8}), mp::IndexError);
  EXPECT_THROW(array.assign(0, std::vector{std::int64_t{1} << 40}), mp::ValueError);
  array.assign(3, std::vector<int>());
  EXPECT_EQ(array.to_vector(), (std::vector{1, 2, 3}));
}

TEST(Array, OfCharactersIsText) {
  const mp::Array<char> text("hello");
  EXPECT_EQ(text.size(), 5);
  EXPECT_EQ(text.value(), "hello");
  text.set_value("ab");
  EXPECT_EQ(text.value(), "ab");
  EXPECT_EQ(text.get(3), 'l');
  EXPECT_THROW(text.set_value("longer"), mp::ValueError);
  EXPECT_EQ(mp::Array<char>(3).value(), "");
}

TEST(Array, WithLockIsOneStep) {
  const mp::Array<int> array(4);
  in_threads(4, [&](int) {
    for (int i = 0; i < 300; ++i) {
      array.with_lock([](std::span<int> items) {
        for (int& item : items) {
          ++item;
        }
      });
      array[0] += 1;
    }
  });
  EXPECT_EQ(array.to_vector(), (std::vector{2400, 1200, 1200, 1200}));
  EXPECT_EQ(array.with_lock([](auto items) { return items.size(); }), 4U);
}

TEST(Array, SharesTheLockOfTheUser) {
  const mp::Lock lock;
  const mp::Array<int, mp::Lock> sized({.lock = lock}, 3);
  const mp::Array<int, mp::Lock> listed({.lock = lock}, {1, 2});
  const mp::Array<char, mp::Lock> text({.lock = lock}, "text");
  EXPECT_EQ(sized.get_lock(), lock);
  EXPECT_EQ(listed.get(1), 2);
  EXPECT_EQ(text.value(), "text");
  const std::scoped_lock guard(listed);
  EXPECT_FALSE(sized.try_lock());
  EXPECT_FALSE(text.acquire(1ms));
}

TEST(Array, CopyAndSynchronized) {
  const mp::Array<int> array{1, 2};
  const mp::RawArray<int> raw = mp::copy(array);
  raw[0] = 5;
  EXPECT_EQ(array.get(0), 1);
  const auto again = mp::synchronized(raw);
  again[1] = 6;
  EXPECT_EQ(raw[1], 6);
  const mp::Lock lock;
  EXPECT_EQ(mp::synchronized(raw, lock).get_lock(), lock);
  const mp::Array<int> same = array;
  EXPECT_EQ(same, array);
  EXPECT_NE(again, array);
}

TEST(Array, PrintsAsPythonDoes) {
  const std::string text = fmt::format("{}", mp::Array<double>(3));
  EXPECT_TRUE(
      text.starts_with("<SynchronizedArray wrapper for "
                       "<multiprocess.sharedctypes.c_double_Array_3 object at 0x"))
      << text;
  EXPECT_TRUE(fmt::format("{}", mp::Array<char>("hello"))
                  .starts_with("<SynchronizedString wrapper for "
                               "<multiprocess.sharedctypes.c_char_Array_5 object at 0x"));
}

TEST(Array, AContextMakesThem) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "asks for the context fork";
  }
  const mp::Context context = mp::get_context("fork");
  EXPECT_EQ(context.Array<int>(3).size(), 3);
  EXPECT_EQ(context.Array<int>({1, 2}).get(1), 2);
  EXPECT_EQ(context.Array(std::vector{1, 2}).get(1), 2);
  EXPECT_EQ(context.Array("text").value(), "text");
  const mp::Lock lock;
  EXPECT_EQ((context.Array<int, mp::Lock>({.lock = lock}, 3).get_lock()), lock);
  EXPECT_EQ(context.RawArray<int>(3).size(), 3);
  EXPECT_EQ(context.RawArray(std::vector{1, 2})[1], 2);
}

class ArrayProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ArrayProcesses);

void square(const mp::Value<double>& number, const mp::Array<int>& array) {
  number.set_value(3.1415927);
  for (std::ptrdiff_t i = 0; i < array.size(); ++i) {
    array[i] = -array[i];
  }
}

TEST_P(ArrayProcesses, AreChangedByAChild) {
  const mp::Value<double> number(0.0);
  const mp::Array<int> array(mp::range(10));
  EXPECT_EQ(exitcode_of(&square, number, array), 0);
  EXPECT_EQ(number.value(), 3.1415927);
  EXPECT_EQ(array.slice(7), (std::vector{-7, -8, -9}));
}

TEST_P(ArrayProcesses, CountTogether) {
  const mp::Array<int> array(2);
  const auto count = [array] {
    for (int i = 0; i < 300; ++i) {
      array[i % 2] += 1;
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
  EXPECT_EQ(array.to_vector(), (std::vector{600, 600}));
}

TEST_P(ArrayProcesses, TravelThroughQueuesAndPipes) {
  const mp::Queue<mp::Array<int>> queue;
  const auto [here, there] = mp::Pipe();
  const mp::Array<int> array{1, 2, 3};
  queue.put(array);
  here.send(array);
  EXPECT_EQ(exitcode_of([queue, end = there] {
              const auto one = queue.get(plenty);
              require(one == end.recv<mp::Array<int>>());
              one.set(0, 10);
              queue.put(mp::Array<int>{7, 8});
            }),
            0);
  EXPECT_EQ(array.get(0), 10);
  EXPECT_EQ(queue.get(plenty).to_vector(), (std::vector{7, 8})) << "its creator is gone";
}

TEST_P(ArrayProcesses, WithLockSaysOnceThatAHolderDied) {
  const mp::Array<int> array(2);
  EXPECT_EQ(exitcode_of([array] {
              array.with_lock([](std::span<int> items) {
                items[0] = 1;
                mp::test::die();
              });
            }),
            multiprocess::test::killed);
  EXPECT_EQ(array.get(0), 1);
  array[1] += 1;
  EXPECT_THROW(array.with_lock([](std::span<int>) {}), mp::OwnerDied);
  EXPECT_TRUE(array.with_lock([](std::span<int>, bool owner_died) { return !owner_died; }));
  EXPECT_EQ(array.to_vector(), (std::vector{1, 1}));
}

}  // namespace
