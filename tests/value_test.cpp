// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/value.hpp>

#include <multiprocess/connection.hpp>
#include <multiprocess/context.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <type_traits>
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
using Block = std::array<std::uint64_t, 16>;

static_assert(std::is_nothrow_copy_constructible_v<mp::Value<int>>, "closures may capture it");
static_assert(mp::sendable<mp::Value<Point>> && mp::sendable<mp::Value<int, mp::Lock>>);
static_assert(std::is_same_v<decltype(mp::Value(5)), mp::Value<int>>);
static_assert(std::is_same_v<decltype(mp::Value(mp::Value(5))), mp::Value<int>>);
static_assert(!std::is_convertible_v<int, mp::Value<int>>);

void increment(int& number) {
  ++number;
}

TEST(Value, HoldsOneObject) {
  const mp::Value<int> zero;
  EXPECT_EQ(zero.value(), 0);
  const mp::Value number(5);
  number.set_value(6);
  EXPECT_EQ(number.value(), 6);
  EXPECT_EQ(++number.get_obj(), 7);
  const mp::Value<Point> point(1, 2.5);
  EXPECT_EQ(point.value().y, 2.5);
  EXPECT_THROW(mp::Value<int>(std::int64_t{1} << 40), mp::ValueError);
}

TEST(Value, WithLockIsOneStep) {
  const mp::Value<int> value;
  in_threads(4, [&](int) {
    for (int i = 0; i < 500; ++i) {
      value.with_lock(increment);
    }
  });
  EXPECT_EQ(value.value(), 2000);
  EXPECT_EQ(value.with_lock([](int& n) { return n + 0.5; }), 2000.5);
  int& inside = value.with_lock([](int& n) -> int& { return n; });
  EXPECT_EQ(&inside, &value.get_obj());
  EXPECT_THROW(value.with_lock([](int&) { throw mp::ValueError("as it comes"); }), mp::ValueError);
  EXPECT_FALSE(value.get_lock().locked());
}

TEST(Value, WithLockMayBeNested) {
  const mp::Value<int> value(1);
  value.with_lock([&](int& n) {
    value.with_lock([](int& same) { same += 10; });
    n += value.value();
  });
  EXPECT_EQ(value.value(), 22);
}

TEST(Value, IsALock) {
  const mp::Value<int> value(1);
  {
    const std::scoped_lock guard(value);
    EXPECT_TRUE(value.get_lock().locked());
    ++value.get_obj();
    std::jthread([&] {
      EXPECT_FALSE(value.acquire(false));
      EXPECT_FALSE(value.acquire(1ms));
      EXPECT_FALSE(value.try_lock_for(1ms));
      EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) { return value.acquire(time); }));
    }).join();
  }
  EXPECT_TRUE(value.acquire());
  EXPECT_TRUE(value.acquire(true, 1s)) << "it is recursive";
  value.release();
  value.release();
  EXPECT_THROW(value.release(), mp::AssertionError);
  const std::unique_lock tried(value, std::try_to_lock);
  EXPECT_TRUE(tried);
}

TEST(Value, SharesTheLockOfTheUser) {
  const mp::Lock lock;
  const mp::Value<int, mp::Lock> one({.lock = lock}, 1);
  const mp::Value<Point, mp::Lock> other({.lock = lock}, 1, 2.0);
  EXPECT_EQ(one.get_lock(), lock);
  const std::scoped_lock guard(lock);
  EXPECT_FALSE(one.try_lock());
  EXPECT_FALSE(other.acquire(0s));
  const mp::RLock recursive;
  const mp::Value<int> another({.lock = recursive}, 3);
  EXPECT_EQ(another.get_lock(), recursive);
  EXPECT_EQ(another.value(), 3);
  EXPECT_EQ((mp::Value<int>({.lock = recursive}).value()), 0);
}

TEST(Value, CopiesAreTheSameObject) {
  mp::Value<int> value(1);
  mp::Value<int> other(value);
  other.set_value(2);
  EXPECT_EQ(value.value(), 2);
  EXPECT_EQ(value, other);
  other = mp::Value<int>(2);
  EXPECT_NE(value, other);
}

TEST(Value, CopyAndSynchronized) {
  const mp::Value<int> value(5);
  const mp::RawValue<int> raw = mp::copy(value);
  EXPECT_EQ(raw.value(), 5);
  const auto again = mp::synchronized(raw);
  again.set_value(6);
  EXPECT_EQ(raw.value(), 6);
  EXPECT_EQ(value.value(), 5);
  const mp::Lock lock;
  const mp::Value<int, mp::Lock> locked = mp::synchronized(raw, lock);
  EXPECT_EQ(locked.get_lock(), lock);
  EXPECT_EQ(locked.value(), 6);
}

TEST(Value, PrintsAsPythonDoes) {
  EXPECT_EQ(fmt::format("{}", mp::Value<int>(5)), "<Synchronized wrapper for c_int(5)>");
}

TEST(Value, CannotBeStored) {
  EXPECT_THROW(mp::dumps(mp::Value<int>(1)), mp::RuntimeError);
}

TEST(Value, AHundredThousandOfThem) {
  std::vector<mp::Value<int>> values;
  for (int i = 0; i < 100'000; ++i) {
    values.emplace_back(i);
  }
  for (int i = 0; i < 100'000; i += 997) {
    EXPECT_EQ(values[static_cast<std::size_t>(i)].value(), i);
  }
}

TEST(Value, AContextMakesThem) {
  const mp::Context context = mp::get_context("spawn");
  EXPECT_EQ(context.Value<int>(5).value(), 5);
  EXPECT_EQ(context.Value(2.5).value(), 2.5);
  EXPECT_EQ(context.Value<Point>(1, 2.0).value().x, 1);
  const mp::Lock lock;
  EXPECT_EQ((context.Value<int, mp::Lock>({.lock = lock}, 5).get_lock()), lock);
  EXPECT_EQ(context.RawValue<int>(5).value(), 5);
  EXPECT_EQ(context.RawValue(5).value(), 5);
}

class ValueProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ValueProcesses);

void count(const mp::Value<int>& value, int times) {
  for (int i = 0; i < times; ++i) {
    value.with_lock(increment);
  }
}

TEST_P(ValueProcesses, CountTogether) {
  const mp::Value<int> value;
  std::vector<mp::Process> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(start(&count, value, 500));
  }
  count(value, 500);
  for (mp::Process& process : processes) {
    EXPECT_TRUE(process.join(plenty));
    EXPECT_EQ(process.exitcode(), 0);
  }
  EXPECT_EQ(value.value(), 2000);
}

TEST_P(ValueProcesses, TravelAsArgumentCaptureAndItem) {
  const mp::Queue<mp::Value<int>> queue;
  const auto [here, there] = mp::Pipe();
  const mp::Lock lock;
  const mp::Value<int, mp::Lock> captured({.lock = lock}, 1);
  const mp::Value<int> item(2);
  queue.put(item);
  here.send(std::vector{item});
  EXPECT_EQ(exitcode_of(
                [captured, queue, end = there](const mp::Value<int>& argument) {
                  const mp::Value<int> received = queue.get(plenty);
                  require(received == argument && received.get_lock() == argument.get_lock());
                  require(end.recv<std::vector<mp::Value<int>>>().at(0) == argument);
                  received.set_value(20);
                  captured.with_lock([](int& n) { n = 10; });
                },
                item),
            0);
  EXPECT_EQ(item.value(), 20);
  EXPECT_EQ(captured.value(), 10);
}

TEST_P(ValueProcesses, OutliveTheirCreator) {
  const mp::Queue<mp::Value<int>> queue;
  EXPECT_EQ(exitcode_of([queue] { queue.put(mp::Value<int>(42)); }), 0);
  const mp::Value<int> value = queue.get(plenty);
  value.with_lock(increment);
  EXPECT_EQ(value.value(), 43);
}

/// Half of the change is made when it is killed.
void die_changing(const mp::Value<Block>& value) {
  value.with_lock([](Block& block) {
    block[0] = 1;
    mp::test::die();
  });
}

TEST_P(ValueProcesses, WithLockSaysOnceThatAHolderDied) {
  const mp::Value<Block> value;
  EXPECT_EQ(exitcode_of(&die_changing, value), multiprocess::test::killed);
  EXPECT_EQ(value.value()[0], 1U) << "to look at it is allowed, and changes nothing";
  EXPECT_THROW(value.with_lock([](Block&) {}), mp::OwnerDied);
  EXPECT_EQ(value.with_lock([](Block& block) { return block[0]; }), 1U);
}

TEST_P(ValueProcesses, WithLockTellsWhoWantsToKnow) {
  const mp::Value<Block> value;
  EXPECT_EQ(exitcode_of(&die_changing, value), multiprocess::test::killed);
  value.set_value({2});
  const auto repair = [](Block& block, bool owner_died) {
    if (owner_died) {
      block = {};
    }
    return owner_died;
  };
  EXPECT_TRUE(value.with_lock(repair));
  EXPECT_FALSE(value.with_lock(repair));
  EXPECT_EQ(value.value()[0], 0U);
}

TEST_P(ValueProcesses, ADeathIsToldToTheOneWhoLocks) {
  const mp::Lock lock;
  const mp::Value<int, mp::Lock> value({.lock = lock}, 1);
  const mp::Value<int, mp::Lock> other({.lock = lock}, 2);
  EXPECT_EQ(exitcode_of([value] {
              value.acquire();
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(other.value() + value.value(), 3);
  EXPECT_FALSE(lock.locked());
  {
    const std::scoped_lock guard(other);
    EXPECT_TRUE(other.owner_died()) << "one lock guards both";
  }
  const std::scoped_lock guard(value);
  EXPECT_FALSE(value.owner_died());
}

TEST_P(ValueProcesses, ADeathWakesWhoWaits) {
  const mp::Value<int> value;
  const mp::Queue<int> held;
  mp::Process holder = start([value, held] {
    value.with_lock([&](int&) {
      held.put(1);
      mp::test::wait_to_be_killed();
    });
  });
  held.get(plenty);
  mp::Process killer = start([pid = holder.pid()] { multiprocess::test::kill_process(pid); });
  EXPECT_THROW(value.with_lock(increment), mp::OwnerDied);
  value.with_lock(increment);
  EXPECT_EQ(value.value(), 1);
  killer.join(plenty);
  holder.join(plenty);
}

TEST_P(ValueProcesses, LeaveNoObjects) {
  const std::uint64_t before = mp::test::use_now().objects;
  {
    const mp::Value<int> value;
    EXPECT_EQ(
        exitcode_of([value](const std::vector<mp::Value<int>>& more) { more.at(2).set_value(1); },
                    std::vector<mp::Value<int>>(3, value)),
        0);
    EXPECT_EQ(value.value(), 1);
  }
  EXPECT_EQ(mp::test::use_now().objects, before);
}

}  // namespace
