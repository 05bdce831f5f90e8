// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/async_result.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/thread_pool.hpp>

#include "support/latch.hpp"
#include "support/start_methods.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <thread>
#include <vector>

namespace multiprocess {
namespace {

using namespace std::chrono_literals;
using test::Latch;
using test::plenty;
using test::twice;

int pass(const Event& gate, int x) {
  gate.wait();
  return x;
}

/// What holds of the callbacks of either kind of pool.
template <class AnyPool>
class Callbacks : public testing::Test {
 public:
  AnyPool any{2};

  AsyncResult<int> ready(int x) {
    const auto result = any.apply_async(twice, x);
    result.wait();
    return result;
  }
};

using Kinds = testing::Types<Pool, ThreadPool>;
TYPED_TEST_SUITE(Callbacks, Kinds);

/// A thread that is none of the pool's, in a callback until it is let go.
class BusyMaker {
 public:
  template <class AnyPool>
  explicit BusyMaker(AnyPool& pool) {
    const Event gate;
    const auto result = pool.apply_async(pass, gate, 1);
    result.on_error([this](const std::exception_ptr&) {
      begun_.count_down();
      end_.wait();
    });
    thread_ = std::jthread([result] { result.cancel(); });
    begun_.wait();
    gate.set();
  }
  ~BusyMaker() { let_go(); }
  BusyMaker(const BusyMaker&) = delete;
  BusyMaker& operator=(const BusyMaker&) = delete;

  void let_go() {
    if (!end_.try_wait()) {
      end_.count_down();
    }
  }

 private:
  Latch begun_{1};
  Latch end_{1};
  std::jthread thread_;
};

TYPED_TEST(Callbacks, OfAResultThatIsReadyAreMadeHereAtOnce) {
  const auto ready = this->ready(1);
  std::thread::id maker;
  ready.on_result([&maker](int) { maker = std::this_thread::get_id(); });
  EXPECT_EQ(maker, std::this_thread::get_id());
}

TYPED_TEST(Callbacks, OfAResultThatIsReadyAreNotMadeBesideOthers) {
  auto& pool = this->any;
  const auto ready = this->ready(1);
  BusyMaker other(pool);
  std::thread::id maker;
  ready.on_result([&maker](int) { maker = std::this_thread::get_id(); });
  EXPECT_EQ(maker, std::thread::id());
  other.let_go();
  pool.close();
  pool.join();
  EXPECT_NE(maker, std::thread::id());
}

TYPED_TEST(Callbacks, AreMadeWhenJoinReturns) {
  auto& pool = this->any;
  BusyMaker maker(pool);
  std::atomic<int> made{0};
  const auto result = pool.apply_async(twice, 1).on_result([&made](int x) { made = x; });
  pool.close();
  auto joined = std::async(std::launch::async, [&] { pool.join(); });
  EXPECT_EQ(joined.wait_for(100ms), std::future_status::timeout);
  maker.let_go();
  joined.get();
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(result.ready());
}

TYPED_TEST(Callbacks, AreMadeWhenTerminateReturns) {
  auto& pool = this->any;
  BusyMaker maker(pool);
  const Event never;
  std::atomic<bool> made{false};
  const auto result = pool.apply_async([never](std::stop_token stop) {
    while (!stop.stop_requested()) {
      never.wait(1ms);
    }
  });
  result.on_error([&made](const std::exception_ptr&) { made = true; });
  auto terminated = std::async(std::launch::async, [&] { pool.terminate(); });
  EXPECT_EQ(terminated.wait_for(100ms), std::future_status::timeout);
  maker.let_go();
  terminated.get();
  EXPECT_TRUE(made);
  EXPECT_TRUE(result.ready());
  EXPECT_THROW(result.get(), Cancelled);
}

/// The values, in the order in which they come; each lets the next one come.
template <class AnyPool>
std::vector<int> values_as_they_come(AnyPool& pool) {
  const std::vector<Event> gates(3);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 2; ++i) {
    results.push_back(pool.apply_async(pass, gates[static_cast<std::size_t>(i)], i));
  }
  gates[1].set();
  std::vector<int> values;
  for (const auto& result : as_completed(results)) {
    values.push_back(result.get(0s));
    gates[0].set();
  }
  return values;
}

TYPED_TEST(Callbacks, MayGoThroughResultsAsTheyAreCompleted) {
  const Event gate;
  std::promise<std::vector<int>> values;
  const auto result = this->any.apply_async(pass, gate, 1).on_result([&](int) {
    values.set_value(values_as_they_come(this->any));
  });
  gate.set();  // nobody waits for it
  EXPECT_EQ(values.get_future().get(), (std::vector{1, 0}));
}

TYPED_TEST(Callbacks, MayDoSoWithCallbacksOfThose) {
  const Event gate;
  int sum = 0;
  const auto result = this->any.apply_async(pass, gate, 1);
  result.on_result([&](int) {
    const auto other = this->any.apply_async(twice, 2).on_result([&sum](int x) { sum += x; });
    for (const auto& each : as_completed({other})) {
      sum += 10 * each.get();
    }
  });
  gate.set();
  result.wait();
  EXPECT_EQ(sum, 44);
}

TEST(AsCompleted, GivesATaskTheOthersOfItsOwnThread) {
  ThreadPool pool(1);
  const auto sum = pool.apply_async([&pool] {
    int all = 0;
    for (const auto& each :
         as_completed({pool.apply_async(twice, 1), pool.apply_async(twice, 2)})) {
      all += each.get();
    }
    return all;
  });
  EXPECT_EQ(sum.get(plenty), 6);
}

}  // namespace
}  // namespace multiprocess
