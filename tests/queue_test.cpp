// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/error.hpp>

#include "contract/queue_like.hpp"
#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>  // would rather print the items
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <ranges>
#include <sstream>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::use_now;
using Clock = std::chrono::steady_clock;

namespace {

struct Plain {
  template <class T>
  using Of = mp::Queue<T>;
  static constexpr const char* name = "Queue";
};

static_assert(std::is_same_v<decltype(mp::Queue()), mp::Queue<mp::Object>>);
static_assert(std::is_same_v<mp::Queue<>, mp::Queue<mp::Object>>);
static_assert(std::is_nothrow_copy_constructible_v<mp::Queue<int>>);
static_assert(mp::sendable<mp::Queue<int>> && mp::sendable<mp::Queue<>>);
static_assert(std::input_iterator<mp::Queue<int>::Iterator>);
static_assert(std::ranges::input_range<mp::Queue<int>>);

template <class... Args>
concept Gets = requires(const mp::Queue<int> queue, Args... args) {
  queue.get(args...);
};
static_assert(Gets<> && Gets<bool> && Gets<std::chrono::seconds> && Gets<bool, mp::Timeout>);
static_assert(!Gets<int> && !Gets<bool, int> && !Gets<const char*>);
template <class... Args>
concept Puts = requires(const mp::Queue<int> queue, Args... args) {
  queue.put(1, args...);
};
static_assert(Puts<> && Puts<bool> && Puts<std::chrono::seconds> && Puts<bool, mp::Timeout>);
static_assert(!Puts<int> && !Puts<bool, int> && !Puts<const char*>);

TEST(Queue, CountsItsItems) {
  const mp::Queue<int> queue(3);
  EXPECT_EQ(queue.qsize(), 0);
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.full());
  queue.put(1);
  queue.put(2);
  EXPECT_EQ(queue.qsize(), 2);
  EXPECT_FALSE(queue.empty());
  EXPECT_FALSE(queue.full());
  queue.put(3);
  EXPECT_TRUE(queue.full());
  queue.get();
  EXPECT_EQ(queue.qsize(), 2);
  EXPECT_FALSE(queue.full());
}

TEST(Queue, AFullOneThrowsFull) {
  const mp::Queue<int> queue(2);
  queue.put(1);
  queue.put(2);
  EXPECT_THROW(queue.put_nowait(3), mp::Full);
  EXPECT_THROW(queue.put(3, false), mp::Full);
  EXPECT_THROW(queue.put(3, false, 20s), mp::Full) << "the timeout is ignored, as in Python";
  EXPECT_THROW(queue.put(3, -1s), mp::Full);
  EXPECT_FALSE(queue.try_put(3));
  EXPECT_FALSE(queue.try_put(3, 1ms));
  const auto begin = Clock::now();
  EXPECT_THROW(queue.put(3, 20ms), mp::Full);
  EXPECT_THROW(queue.put(3, true, 0.02s), mp::Full);
  EXPECT_GE(Clock::now() - begin, 40ms);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_TRUE(queue.try_put(3));
  EXPECT_EQ(queue.get(), 2);
  EXPECT_EQ(queue.get(), 3);
}

TEST(Queue, AnEmptyOneThrowsEmpty) {
  const mp::Queue<int> queue;
  EXPECT_THROW(queue.get_nowait(), mp::Empty);
  EXPECT_THROW(queue.get(false), mp::Empty);
  EXPECT_THROW(queue.get(false, 20s), mp::Empty) << "the timeout is ignored, as in Python";
  EXPECT_THROW(queue.get(-1h), mp::Empty);
  EXPECT_EQ(queue.try_get(), std::nullopt);
  EXPECT_EQ(queue.try_get(1ms), std::nullopt);
  const auto begin = Clock::now();
  EXPECT_THROW(queue.get(20ms), mp::Empty);
  EXPECT_THROW(queue.get(true, 0.02s), mp::Empty);
  EXPECT_GE(Clock::now() - begin, 40ms);
  queue.put(7);
  EXPECT_EQ(queue.try_get(), 7);
  queue.put(8);
  EXPECT_EQ(queue.get(std::chrono::hours::max()), 8);
  queue.put(9);
  EXPECT_EQ(queue.get(true, mp::forever), 9);
}

TEST(Queue, OfNoSizeHasNoLimit) {
  for (const std::ptrdiff_t size :
       {std::ptrdiff_t{0}, std::ptrdiff_t{-1}, std::numeric_limits<std::ptrdiff_t>::min(),
        std::numeric_limits<std::ptrdiff_t>::max()}) {
    const mp::Queue<int> queue(size);
    for (int i = 0; i < 3000; ++i) {
      queue.put_nowait(i);
    }
    EXPECT_FALSE(queue.full());
    EXPECT_EQ(queue.qsize(), 3000);
  }
}

static_assert(!std::is_constructible_v<mp::Queue<int>, bool>);
static_assert(!std::is_constructible_v<mp::Queue<int>, double>);
static_assert(!std::is_convertible_v<int, mp::Queue<int>>);

TEST(Queue, AnyIntegerIsASize) {
  const std::vector<int> items(3);
  const mp::Queue<int> queue(items.size());
  for (const int item : items) {
    queue.put_nowait(item);
  }
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(mp::Queue<int>(short{-1}).full());
  EXPECT_THROW(mp::Queue<int>(std::size_t{0} - 1), mp::ValueError);
}

TEST(Queue, IsClosedForThisProcess) {
  const mp::Queue<int> queue;
  const mp::Queue<int> copy = queue;
  queue.put(1);
  queue.close();
  EXPECT_THROW(queue.put(2), mp::ValueError);
  EXPECT_THROW(queue.put_nowait(2), mp::ValueError);
  EXPECT_THROW(queue.try_put(2), mp::ValueError);
  EXPECT_THROW(queue.get(), mp::ValueError);
  EXPECT_THROW(queue.get_nowait(), mp::ValueError);
  EXPECT_THROW(queue.try_get(), mp::ValueError);
  EXPECT_THROW(copy.get(), mp::ValueError);
  EXPECT_EQ(queue.qsize(), 1);
  queue.close();
  mp::test::Child child([&queue] {
    EXPECT_EQ(queue.get(), 1) << "closed by its parent alone";
    queue.put(2);
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(queue.qsize(), 1);
  mp::test::notice_deaths();
}

TEST(Queue, IsJoinedAfterItIsClosed) {
  const mp::Queue<int> queue;
  EXPECT_THROW(queue.join_thread(), mp::AssertionError);
  queue.cancel_join_thread();
  EXPECT_THROW(queue.join_thread(), mp::AssertionError);
  queue.close();
  queue.join_thread();
}

TEST(Queue, AShutDownGivesWhatIsLeft) {
  const mp::Queue<int> queue;
  queue.put(1);
  queue.put(2);
  queue.shutdown();
  EXPECT_THROW(queue.put(3), mp::ShutDown);
  EXPECT_THROW(queue.put(3, 20s), mp::ShutDown);
  EXPECT_THROW(queue.try_put(3), mp::ShutDown);
  EXPECT_EQ(queue.get(), 1);
  EXPECT_EQ(queue.get_nowait(), 2);
  EXPECT_THROW(queue.get(), mp::ShutDown);
  EXPECT_THROW(queue.get_nowait(), mp::ShutDown);
  EXPECT_THROW(queue.try_get(20s), mp::ShutDown);
  queue.shutdown();
  queue.shutdown(true);
}

TEST(Queue, AnImmediateShutDownDropsWhatIsLeft) {
  const mp::Queue<std::string> queue;
  const auto before = use_now();
  for (int i = 0; i < 100; ++i) {
    queue.put(std::string(1000, 'x'));
  }
  queue.shutdown(true);
  EXPECT_THROW(queue.get(), mp::ShutDown);
  EXPECT_EQ(queue.qsize(), 0);
  EXPECT_LE(use_now().parts, before.parts + 1);
}

TEST(Queue, AShutDownWinsOverFull) {
  const mp::Queue<int> queue(1);
  queue.put(1);
  queue.shutdown();
  EXPECT_THROW(queue.put_nowait(2), mp::ShutDown);
}

TEST(Queue, AShutDownWakesWhoWaits) {
  const mp::Queue<int> empty;
  const mp::Queue<int> full(1);
  full.put(1);
  const std::jthread getter([&empty] { EXPECT_THROW(empty.get(), mp::ShutDown); });
  const std::jthread putter([&full] { EXPECT_THROW(full.put(2), mp::ShutDown); });
  std::this_thread::yield();
  empty.shutdown();
  full.shutdown(true);
}

TEST(Queue, RangeForEndsWithTheShutDown) {
  const mp::Queue<int> queue;
  for (int i = 1; i <= 5; ++i) {
    queue.put(i);
  }
  queue.shutdown();
  int sum = 0;
  for (const int item : queue) {
    sum += item;
  }
  EXPECT_EQ(sum, 15);
  for (auto item : queue) {
    ADD_FAILURE() << item;
  }
}

TEST(Queue, RangeForWaitsForItems) {
  const mp::Queue<std::unique_ptr<int>> queue;
  const std::jthread putter([queue] {
    for (int i = 1; i <= 100; ++i) {
      queue.put(std::make_unique<int>(i));
    }
    queue.shutdown();
  });
  int sum = 0;
  for (auto& item : queue) {
    const std::unique_ptr<int> mine = std::move(item);
    sum += *mine;
  }
  EXPECT_EQ(sum, 5050);
}

TEST(Queue, OfObjectsHoldsAllSortsOfThings) {
  mp::Queue queue;
  queue.put(1);
  queue.put(2.5);
  queue.put("text");
  queue.put(std::vector{1, 2});
  queue.put(mp::None);
  queue.put(nullptr);
  EXPECT_EQ(queue.get<int>(), 1);
  EXPECT_EQ(queue.get<double>(20s), 2.5);
  EXPECT_EQ(queue.get_nowait<std::string>(), "text");
  EXPECT_EQ(queue.try_get<std::vector<int>>(), (std::vector{1, 2}));
  EXPECT_TRUE(queue.get().is_none());
  EXPECT_TRUE(queue.get(true).is_none());
  EXPECT_EQ(queue.try_get<int>(), std::nullopt);
  EXPECT_THROW(queue.get<int>(false), mp::Empty);
}

TEST(Queue, AnotherTypeIsTakenAllTheSame) {
  const mp::Queue<> queue;
  queue.put("text");
  queue.put(3.5);
  EXPECT_THROW(queue.get<int>(), mp::TypeError);
  EXPECT_THROW(queue.get<int>(20s), mp::TypeError);
  EXPECT_TRUE(queue.empty());
}

TEST(Queue, ManyItemsGoThroughAndTheirMemoryComesBack) {
  const mp::Queue<long> queue;
  const auto before = use_now();
  constexpr long count = 1'000'000;
  for (long i = 0; i < count; ++i) {
    queue.put(i);
  }
  EXPECT_EQ(queue.qsize(), count);
  EXPECT_GT(use_now().parts, before.parts + 500);
  long long sum = 0;
  for (long i = 0; i < count; ++i) {
    sum += queue.get();
  }
  EXPECT_EQ(sum, count * (count - 1LL) / 2);
  EXPECT_LE(use_now().parts, before.parts + 6) << "what a queue keeps to be fast again";
}

TEST(Queue, WalksThroughItsSegmentsForEver) {
  const mp::Queue<int> queue;
  const auto before = use_now();
  for (int i = 0; i < 200'000; ++i) {
    queue.put(i);
    queue.put(-i);
    ASSERT_EQ(queue.get(), i);
    ASSERT_EQ(queue.get(), -i);
  }
  EXPECT_LE(use_now().parts, before.parts + 6);
}

}  // namespace

namespace multiprocess::test {
INSTANTIATE_TYPED_TEST_SUITE_P(Plain, QueueLike, ::Plain);
}
