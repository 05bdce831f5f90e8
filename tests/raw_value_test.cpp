// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/raw_value.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/serialization.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;
using mp::test::require;

namespace {

struct Point {
  int x;
  double y;
};
struct Immutable {
  const int x;
};

static_assert(std::is_nothrow_copy_constructible_v<mp::RawValue<int>>, "closures may capture it");
static_assert(mp::sendable<mp::RawValue<Point>>);
static_assert(!std::is_constructible_v<mp::RawValue<int>, const char*>);
static_assert(std::is_same_v<decltype(mp::RawValue(1.5)), mp::RawValue<double>>);

TEST(RawValue, IsZeroAtFirstAlsoInMemoryThatWasUsed) {
  for (int i = 0; i < 100; ++i) {
    const mp::RawValue<std::uint64_t> value;
    EXPECT_EQ(value.value(), 0U);
    value.set_value(~std::uint64_t{0});
  }
}

TEST(RawValue, TakesWhatItsTypeIsMadeOf) {
  EXPECT_EQ(mp::RawValue<int>(5).value(), 5);
  EXPECT_EQ(mp::RawValue<double>(5).value(), 5.0);
  EXPECT_EQ(mp::RawValue<bool>(true).value(), true);
  EXPECT_EQ(mp::RawValue<char>('c').value(), 'c');
  const mp::RawValue<Point> aggregate(3, 4.5);
  EXPECT_EQ(aggregate.get_obj().x, 3);
  EXPECT_EQ(aggregate.get_obj().y, 4.5);
  EXPECT_EQ(mp::RawValue<Point>(3).value().y, 0) << "what is not given is zero";
  const mp::RawValue<Point> copied(Point{6, 7});
  EXPECT_EQ(copied.value().x, 6);
}

TEST(RawValue, HoldsComplexNumbers) {
  const mp::RawValue<std::complex<double>> value(1.0, 2.0);
  EXPECT_EQ(value.value(), std::complex(1.0, 2.0));
}

TEST(RawValue, NothingWraps) {
  EXPECT_THROW(mp::RawValue<int>(std::int64_t{1} << 40), mp::ValueError);
  EXPECT_THROW(mp::RawValue<unsigned>(-1), mp::ValueError);
  EXPECT_THROW(mp::RawValue<int>(1.5), mp::ValueError);
  EXPECT_EQ(mp::RawValue<int>(2.0).value(), 2);
}

TEST(RawValue, HoldsWhatCannotBeAssigned) {
  const mp::RawValue<Immutable> value(5);
  EXPECT_EQ(value.value().x, 5);
  value.set_value({6});
  EXPECT_EQ(value.value().x, 6);
}

TEST(RawValue, OfAnAtomicIsOneSharedAtomic) {
  const mp::RawValue<std::atomic<int>> counter(2);
  mp::test::in_threads(4, [&](int) {
    for (int i = 0; i < 1000; ++i) {
      ++counter.get_obj();
    }
  });
  EXPECT_EQ(counter.value(), 4002);
  counter.set_value(7);
  EXPECT_EQ(counter.get_obj().load(), 7);
  EXPECT_EQ(copy(counter).value(), 7);
}

TEST(RawValue, CopiesAreTheSameObject) {
  mp::RawValue<int> value(1);
  mp::RawValue<int> other = value;
  mp::RawValue<int> another(value);
  other.set_value(2);
  EXPECT_EQ(value.value(), 2);
  EXPECT_EQ(value, another);
  EXPECT_NE(value, mp::RawValue<int>(2));
  const mp::RawValue<int> apart = mp::copy(value);
  EXPECT_EQ(apart.value(), 2);
  EXPECT_NE(apart, value);
}

TEST(RawValue, PrintsAsPythonDoes) {
  EXPECT_EQ(fmt::format("{}", mp::RawValue<int>(5)), "c_int(5)");
  EXPECT_EQ(fmt::format("{}", mp::RawValue<double>(1.5)), "c_double(1.5)");
  EXPECT_EQ(fmt::format("{}", mp::RawValue<bool>(true)), "c_bool(True)");
  EXPECT_EQ(fmt::format("{}", mp::RawValue<char>('x')), "c_char(b'x')");
  EXPECT_TRUE(fmt::format("{}", mp::RawValue<Point>()).find("Point object at 0x") !=
              std::string::npos);
}

TEST(RawValue, CannotBeStored) {
  EXPECT_THROW(mp::dumps(mp::RawValue<int>(1)), mp::RuntimeError);
}

TEST(RawValue, AnotherTypeIsNotReceived) {
  const mp::Queue<> queue;
  queue.put(std::vector<mp::RawValue<int>>{mp::RawValue<int>(1)});
  EXPECT_THROW(queue.get<std::vector<mp::RawValue<float>>>(), mp::TypeError);
}

class RawValueProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(RawValueProcesses);

TEST_P(RawValueProcesses, TravelsAsArgumentCaptureAndItem) {
  const mp::Queue<mp::RawValue<int>> queue;
  const mp::RawValue<int> item(1);
  const mp::RawValue<Point> captured(2, 3.0);
  queue.put(item);
  EXPECT_EQ(exitcode_of(
                [captured, queue](const std::vector<mp::RawValue<int>>& more, int number) {
                  const mp::RawValue<int> received = queue.get(plenty);
                  require(received.value() == number && captured.value().y == 3.0);
                  received.set_value(10);
                  captured.get_obj().x = 20;
                  more.at(1).set_value(30);
                },
                std::vector<mp::RawValue<int>>{mp::RawValue<int>(), item}, 1),
            0);
  EXPECT_EQ(item.value(), 30);
  EXPECT_EQ(captured.value().x, 20);
}

TEST_P(RawValueProcesses, OutlivesItsCreator) {
  const mp::Queue<mp::RawValue<int>> queue;
  EXPECT_EQ(exitcode_of([queue] { queue.put(mp::RawValue<int>(42)); }), 0);
  EXPECT_EQ(queue.get(plenty).value(), 42);
}

}  // namespace
