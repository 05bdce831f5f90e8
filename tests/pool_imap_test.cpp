// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/child.hpp"
#include "support/one_pass.hpp"
#include "support/pools.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::square;

namespace {

/// 0, 1, 2 ... for ever; counts how many were read.
class Endless {
 public:
  explicit Endless(int& read, std::optional<int> fails_at = {}) : read_(&read), bad_(fails_at) {}

  struct Iterator {
    using value_type = int;
    using difference_type = std::ptrdiff_t;

    int operator*() const {
      if (all->bad_ == *all->read_) {
        throw std::runtime_error("no more input");
      }
      return (*all->read_)++;
    }
    Iterator& operator++() { return *this; }
    void operator++(int) {}
    friend bool operator==(const Iterator&, std::default_sentinel_t) { return false; }

    Endless* all;
  };
  Iterator begin() { return {this}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  int* read_;
  std::optional<int> bad_;
};

static_assert(std::ranges::input_range<Endless>);
static_assert(std::ranges::input_range<mp::ResultRange<int>>);
static_assert(!std::is_copy_constructible_v<mp::ResultRange<int>>);

class PoolImap : public mp::test::Pools {};
MULTIPROCESS_FOR_EACH_START_METHOD(PoolImap);

TEST_P(PoolImap, ReadsAnEndlessInputOnlyALittleAhead) {
  mp::Pool pool(of(2));
  int read = 0;
  auto results = pool.imap(square, Endless(read), {.buffersize = 6});
  EXPECT_EQ(read, 0) << "what can be read only once is read when it is needed";
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(results.next(), i * i);
    ASSERT_LE(read, i + 1 + 6);
  }
}

TEST_P(PoolImap, ReadsAheadByDefaultAsWell) {
  mp::Pool pool(of(2));
  int read = 0;
  for (const int result : pool.imap_unordered(square, Endless(read))) {
    ASSERT_LE(read, 10'000);
    if (result == 500 * 500) {
      break;
    }
  }
}

TEST_P(PoolImap, ASlowInputDoesNotHoldUpResults) {
  mp::Pool pool(of(1));
  auto results = pool.imap(square, mp::test::OnePass(std::vector{1, 2, 3}));
  EXPECT_EQ(results.next(), 1);
  EXPECT_EQ(results.next(), 4);
  EXPECT_EQ(results.next(), 9);
  EXPECT_EQ(results.next(), std::nullopt);
}

TEST_P(PoolImap, AnInputThatThrowsSaysSoInItsPlace) {
  mp::Pool pool(of(2));
  int read = 0;
  auto results = pool.imap(square, Endless(read, 3));
  EXPECT_EQ(results.next(), 0);
  EXPECT_EQ(results.next(), 1);
  EXPECT_EQ(results.next(), 4);
  EXPECT_THROW(results.next(), std::runtime_error);
  EXPECT_EQ(results.next(), std::nullopt);
}

TEST_P(PoolImap, NextMayRunOutOfTime) {
  mp::Pool pool(of(1));
  mp::Queue<int> gate;
  auto results = pool.imap([gate](int x) { return gate.get() + x; }, {1});
  EXPECT_THROW(results.next(1ms), mp::TimeoutError);
  gate.put(10);
  EXPECT_EQ(results.next(mp::test::plenty), 11);
  EXPECT_EQ(results.next(1ms), std::nullopt);
}

TEST_P(PoolImap, ResultsSayThatTheyWereMovedFrom) {
  mp::Pool pool(of(1));
  auto first = pool.imap([](int x) { return x; }, {1});
  auto second = std::move(first);
  EXPECT_THROW(first.next(), mp::ValueError);
  EXPECT_THROW(first.begin(), mp::ValueError);
  EXPECT_EQ(second.next(), 1);
}

TEST_P(PoolImap, UnorderedDoesNotWaitForTheSlow) {
  mp::Pool pool(of(2));
  mp::Queue<int> gate;
  auto results =
      pool.imap_unordered([gate](int x) { return x == 0 ? gate.get() : x; }, {0, 1, 2, 3});
  std::set<int> seen;
  for (int i = 0; i < 3; ++i) {
    seen.insert(*results.next(mp::test::plenty));
  }
  EXPECT_EQ(seen, (std::set{1, 2, 3}));
  gate.put(7);
  EXPECT_EQ(results.next(), 7);
}

TEST_P(PoolImap, MayBeLeftInTheMiddle) {
  mp::Pool pool(of(2));
  int read = 0;
  {
    auto results = pool.imap(square, Endless(read));
    results.next();
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
  mp::ResultRange<int> rest = pool.imap(square, {1, 2, 3});
  EXPECT_EQ(rest.next(), 1);
  pool.terminate();
  EXPECT_NO_FATAL_FAILURE(try {
    while (rest.next()) {
    }
  } catch (const mp::Cancelled&){});
}

TEST_P(PoolImap, AnErrorCountsTheItemWithinTheInput) {
  mp::Pool pool(of(1));
  const auto die_at_30 = [](int n) {
    if (n == 30) {
      mp::test::die();
    }
    return n;
  };
  auto results = pool.imap(die_at_30, mp::range(40), {.buffersize = 4});
  for (int n = 0; n < 30; ++n) {
    EXPECT_EQ(results.next(5s), n);
  }
  try {
    results.next(5s);
    ADD_FAILURE() << "no error";
  } catch (const mp::WorkerDied& died) {
    EXPECT_NE(std::string(died.what()).find("item 30"), std::string::npos) << died.what();
  }
  EXPECT_EQ(results.next(5s), 31);
}

TEST_P(PoolImap, JoinReadsWhatIsLeft) {
  mp::Pool pool(of(2));
  mp::test::OnePass input(std::vector{1, 2, 3});
  auto results = pool.imap(square, input);
  auto more = pool.imap_unordered(square, mp::range(3000));
  pool.close();
  EXPECT_FALSE(input.begin() == input.end());
  pool.join();
  EXPECT_TRUE(input.begin() == input.end());
  EXPECT_EQ(results.next(), 1);
  EXPECT_EQ(results.next(), 4);
  EXPECT_EQ(results.next(), 9);
  EXPECT_EQ(results.next(), std::nullopt);
  EXPECT_EQ(std::ranges::distance(more.begin(), more.end()), 3000);
}

TEST_P(PoolImap, JoinReadsWhileAnotherTakes) {
  mp::Pool pool(of(2));
  auto results = pool.imap(square, mp::range(20'000), {.buffersize = 10});
  pool.close();
  std::jthread joining([&pool] { pool.join(); });
  int expected = 0;
  for (const int result : results) {
    ASSERT_EQ(result, square(expected));
    ++expected;
  }
  EXPECT_EQ(expected, 20'000);
}

TEST_P(PoolImap, JoinLeavesAnErrorOfTheInputInItsPlace) {
  mp::Pool pool(of(1));
  int read = 0;
  auto results = pool.imap(square, Endless(read, 2));
  pool.close();
  pool.join();
  EXPECT_EQ(results.next(), 0);
  EXPECT_EQ(results.next(), 1);
  EXPECT_THROW(results.next(), std::runtime_error);
  EXPECT_EQ(results.next(), std::nullopt);
}

TEST_P(PoolImap, AfterCloseTheDeadAreReplacedForWhatIsToBeRead) {
  mp::Pool pool(of(1));
  auto results = pool.imap(
      [](int x) {
        if (x % 2 == 0) {
          mp::test::die();
        }
        return x;
      },
      mp::range(6), {.buffersize = 1});
  pool.close();
  for (int x = 0; x < 6; x += 2) {
    EXPECT_THROW(results.next(mp::test::plenty), mp::WorkerDied);
    EXPECT_EQ(results.next(mp::test::plenty), x + 1);
  }
  EXPECT_EQ(results.next(mp::test::plenty), std::nullopt);
  pool.join();
}

TEST_P(PoolImap, AfterCloseWhatIsLeftInTheMiddleHoldsUpNobody) {
  mp::Pool pool(of(1));
  int read = 0;
  {
    auto results = pool.imap(square, Endless(read));
    pool.close();
    EXPECT_EQ(results.next(), 0);
  }
  pool.join();
}

TEST_P(PoolImap, EndsWithAPoolThatIsTerminated) {
  mp::Pool pool(of(1));
  int read = 0;
  auto results = pool.imap(square, Endless(read), {.buffersize = 4});
  EXPECT_EQ(results.next(), 0);
  pool.close();
  pool.terminate();
  int cancelled = 0;
  for (bool more = true; more;) {
    try {
      more = results.next(mp::test::plenty).has_value();
    } catch (const mp::Cancelled&) {
      ASSERT_LE(++cancelled, 5) << "one for each that was read, and one for the rest";
    }
  }
  EXPECT_GE(cancelled, 1);
}

TEST_P(PoolImap, YieldsNothingOfVoid) {
  mp::Pool pool(of(1));
  int count = 0;
  for ([[maybe_unused]] const std::monostate nothing : pool.imap([](int) {}, {1, 2, 3})) {
    ++count;
  }
  EXPECT_EQ(count, 3);
}

TEST_P(PoolImap, IsCancelledByTheEndOfThePool) {
  mp::Pool pool(of(2));
  auto results = pool.imap(square, mp::range(1000), {.buffersize = 2});
  EXPECT_EQ(results.next(), 0);
  pool.terminate();
  const auto read_all = [&results] {
    while (results.next()) {
    }
  };
  EXPECT_THROW(read_all(), mp::Cancelled);
}

}  // namespace
