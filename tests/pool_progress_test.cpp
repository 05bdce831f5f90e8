// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/async_result.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/range.hpp>

#include "support/pools.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess {
namespace {

using namespace std::chrono_literals;
using test::plenty;
using test::twice;

/// What one may do when one is told how far a call is.
class PoolProgress : public test::Pools {
 protected:
  /// Calls `last` when all is done, and `earlier` before that.
  static MapOptions told(std::function<void()> earlier, std::function<void()> last) {
    MapOptions options;
    options.chunksize = 1;
    options.progress = Progress{
        [=](std::size_t done, std::optional<std::size_t> of) { done == of ? last() : earlier(); }};
    return options;
  }
  static void nothing() {}
};

TEST_P(PoolProgress, MayAskForItsOwnResult) {
  Pool pool(two());
  const Queue<int> gate;
  AsyncResult<std::vector<int>> result;
  std::atomic<bool> is_there{false};
  bool asked = false;
  std::atomic<int> ends{0};
  const auto ask = [&] {
    if (is_there && !asked) {
      asked = true;
      gate.put(1);
      EXPECT_EQ(result.get(plenty), (std::vector{0, 2})) << "complete while it is told";
    }
  };
  const auto wait_for_first = [gate](int x) {
    if (x == 1) {
      gate.get();
    }
    return 2 * x;
  };
  result = pool.map_async(wait_for_first, {0, 1}, told(ask, [&] { ++ends; }));
  is_there = true;
  EXPECT_TRUE(result.wait(plenty));
  pool.close();
  pool.join();
  EXPECT_TRUE(asked);
  EXPECT_EQ(ends, 1) << "told once that all is done";
}

TEST_P(PoolProgress, MayWaitAtTheEndForOtherResultsWithCallbacks) {
  Pool pool(two());
  std::atomic<int> called{0};
  Queue<int> seen;
  const auto wait_for_another = [&, seen] {
    const auto other = pool.apply_async(twice, 4).on_result([&](int x) { called = x; });
    seen.put(other.get(plenty));
  };
  const auto result = pool.map_async(twice, {1, 2}, told(nothing, wait_for_another));
  result.on_result([](const std::vector<int>&) {});  // so that nobody has to wait for it
  EXPECT_EQ(seen.get(plenty), 8);
  EXPECT_EQ(called, 8);
}

TEST_P(PoolProgress, MayGoThroughResultsAsTheyAreCompleted) {
  Pool pool(two());
  Queue<int> seen;
  const auto go_through = [&, seen] {
    for (const auto& each : as_completed({pool.apply_async(twice, 4)})) {
      seen.put(each.get());
    }
  };
  const auto result = pool.map_async(twice, {1, 2}, told(nothing, go_through));
  result.on_result([](const std::vector<int>&) {});
  EXPECT_EQ(seen.get(plenty), 8);
}

TEST_P(PoolProgress, MayGoThroughResultsThatThePoolItselfWouldSettle) {
  Pool pool(two());
  const Queue<int> gate;
  const Queue<int> busy;
  std::promise<void> told_here;
  Queue<int> seen;
  // The pool's own thread is busy, so that this one tells.
  pool.apply_async([gate] { return gate.get(); }).on_result([&](int) {
    busy.put(1);
    told_here.get_future().wait();
  });
  const auto go_through = [&, seen] {
    told_here.set_value();
    for (const auto& each : as_completed({pool.apply_async(twice, 4)})) {
      seen.put(each.get());
    }
  };
  const auto result = pool.map_async(twice, {1, 2}, told(nothing, go_through));
  gate.put(1);
  EXPECT_EQ(busy.get(plenty), 1);
  result.on_result([](const std::vector<int>&) {});
  EXPECT_EQ(result.get(plenty), (std::vector{2, 4}));
  EXPECT_EQ(seen.get(plenty), 8);
}

TEST_P(PoolProgress, MayWaitForThePoolsEnd) {
  Pool pool(two());
  int ends = 0;
  const auto end = [&] {
    ++ends;
    pool.close();
    pool.join();
  };
  EXPECT_EQ(pool.map_async(twice, {1, 2}, told(nothing, end)).get(plenty), (std::vector{2, 4}));
  EXPECT_EQ(ends, 1);
}

TEST_P(PoolProgress, IsNotToldOnceTheCallIsCancelled) {
  Pool pool(two());
  const Queue<int> gate;
  const Queue<int> closed_gate;
  const auto wait = [](const Queue<int>& at, int) { at.get(); };
  std::atomic<bool> is_there{false};
  AsyncResult<void> later;
  bool cancelled = false;
  int ticks = 0;
  const auto cancel = [&] {
    if (is_there && ++ticks == 2) {
      EXPECT_TRUE(later.cancel());
      cancelled = true;  // by the thread that would tell of it right now
    }
    if (ticks == 4) {
      gate.put(1);
    }
  };
  const auto told_of_later = [&] { EXPECT_FALSE(cancelled); };
  const auto first = pool.map_async(partial(wait, gate), {1}, told(cancel, nothing));
  later = pool.map_async(partial(wait, closed_gate), {1}, told(told_of_later, told_of_later));
  is_there = true;
  first.get(plenty);
  EXPECT_TRUE(cancelled);
}

/// The one worker has done it when it has done what comes behind it.
TEST_P(PoolProgress, WhoeverIsToHearOfTheResultDoesThoughItCameWhileItWasTold) {
  for (const int way : range(3)) {
    Pool pool(of(1));
    const Queue<int> gate;
    std::promise<void> is_told;
    std::promise<void> go_on;
    bool first = true;
    const auto told_once = [&] {
      if (std::exchange(first, false)) {
        is_told.set_value();
        go_on.get_future().wait();
      }
    };
    const auto result = pool.map_async(partial([](const Queue<int>& at, int) { at.get(); }, gate),
                                       {1}, told(told_once, nothing));
    is_told.get_future().wait();
    gate.put(1);
    pool.apply(twice, 1);
    std::promise<void> heard;
    if (way == 0) {
      result.on_result([&] { heard.set_value(); });
      go_on.set_value();
      EXPECT_EQ(heard.get_future().wait_for(plenty), std::future_status::ready);
    } else if (way == 1) {
      const int descriptor = result.fileno();
      go_on.set_value();
      EXPECT_TRUE(detail::os::wait_readable(descriptor, Timeout(plenty).deadline()));
    } else {
      std::thread later([&] { go_on.set_value(); });
      for (const auto& each : as_completed({result})) {
        EXPECT_TRUE(each.ready());
      }
      later.join();
    }
  }
}

TEST_P(PoolProgress, OfACallThatNobodyAsksForIsToldToItsEnd) {
  for (int i = 0; i < 5; ++i) {
    Pool pool(two());
    std::atomic<int> ends{0};
    pool.map_async(twice, {1, 2}, told(nothing, nothing)).wait();
    pool.map_async(twice, {1, 2}, told(nothing, [&] { ++ends; }));
    std::vector<AsyncResult<int>> many;
    for (int n = 0; n < 150; ++n) {
      many.push_back(pool.apply_async(twice, n));
    }
    pool.close();
    pool.join();
    EXPECT_EQ(ends, 1);
  }
}

/// The pool's own thread is busy, so whoever ends the pool tells.
class ToldAtTheEnd : public PoolProgress {
 protected:
  ToldAtTheEnd() {
    pool_.apply_async([gate = gate_] { return gate.get(); }).on_result([this](int) {
      is_busy_.set_value();
      go_on_.get_future().wait();
    });
    gate_.put(1);
    is_busy_.get_future().wait();
  }

  /// Is complete, and nobody has looked at it.
  AsyncResult<std::vector<int>> complete_call(const std::function<void()>& last) {
    const auto result = pool_.map_async(twice, {1}, told(nothing, last));
    endless_ = pool_.apply_async([gate = gate_, runs = runs_] {
      runs.put(1);
      return gate.get();
    });
    runs_.get(plenty);
    return result;
  }

  Pool pool_{of(1)};
  Queue<int> gate_;
  Queue<int> runs_;
  AsyncResult<int> endless_;
  std::promise<void> is_busy_;
  std::promise<void> go_on_;
};

TEST_P(ToldAtTheEnd, MayWaitForWhatEndsWithThePool) {
  int ends = 0;
  const auto result = complete_call([&] {
    ++ends;
    EXPECT_THROW(endless_.get(plenty), Cancelled);
    go_on_.set_value();
  });
  pool_.terminate();
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(result.get(plenty), std::vector{2});
}

TEST_P(ToldAtTheEnd, IsOverWhenThePoolIsJoined) {
  std::promise<void> is_told;
  std::promise<void> is_joined;
  std::atomic<bool> over{false};
  const auto result = complete_call([&] {
    is_told.set_value();
    go_on_.set_value();
    // Not for ever: who joins is to wait.
    is_joined.get_future().wait_for(50ms);
    over = true;
  });
  std::thread ender([this] { pool_.terminate(); });
  is_told.get_future().wait();
  pool_.join();
  EXPECT_TRUE(over);
  is_joined.set_value();
  ender.join();
}

TEST_P(PoolProgress, MayJoinAnotherPoolAndItsCallbacks) {
  Pool pool(of(1));
  Pool other(of(1));
  const auto behind = other.apply_async(twice, 1);
  other.apply(twice, 1);  // so that one is done, too, and nobody has looked
  std::promise<void> is_called;
  std::promise<void> go_on;
  std::atomic<bool> over{false};
  std::thread caller([&] {
    behind.on_result([&](int) {
      is_called.set_value();
      go_on.get_future().wait();
      std::this_thread::yield();
      over = true;
    });
  });
  is_called.get_future().wait();
  const auto join_other = [&] {
    go_on.set_value();
    other.close();
    other.join();
    EXPECT_TRUE(over);
  };
  pool.map_async(twice, {1}, told(nothing, join_other)).get(plenty);
  caller.join();
}

TEST_P(PoolProgress, ThatThrowsHarmsNothing) {
  std::atomic<int> thrown{0};
  PoolOptions options = two();
  options.on_callback_error = [&](const std::exception_ptr&) { ++thrown; };
  Pool pool(options);
  const auto fail = [] { throw ValueError("in a progress"); };
  EXPECT_EQ(pool.map_async(twice, {1, 2}, told(nothing, fail)).get(plenty), (std::vector{2, 4}));
  EXPECT_EQ(thrown, 1);
}

TEST(InlinePoolProgress, MayUseItsPool) {
  PoolOptions options;
  options.inline_tasks = true;
  Pool pool(options);
  std::vector<int> seen;
  MapOptions map;
  map.progress = Progress{[&](std::size_t done, std::optional<std::size_t> of) {
    if (done == of) {
      pool.apply_async(twice, 4).on_result([&](int x) { seen.push_back(x); });
    }
  }};
  const auto result = pool.map_async(twice, {1, 2}, map);
  result.on_result([&](const std::vector<int>& all) { seen.push_back(all.back()); });
  EXPECT_TRUE(result.wait(plenty));
  EXPECT_EQ(seen, (std::vector{8, 4}));
}

TEST_P(PoolProgress, IsOverWhenTheResultIsThere) {
  Pool pool(two());
  for (int i = 0; i < 20; ++i) {
    std::atomic<int> in_it{0};
    std::atomic<bool> over{false};
    const auto enter = [&] {
      ++in_it;
      EXPECT_FALSE(over);
      std::this_thread::yield();
      EXPECT_FALSE(over);
      --in_it;
    };
    const auto result = pool.map_async(twice, {1, 2, 3}, told(enter, enter));
    std::atomic<bool> called{false};
    result.on_result([&](const std::vector<int>&) { called = true; });
    result.wait();
    over = true;
    EXPECT_EQ(in_it, 0);
    EXPECT_TRUE(called);
  }
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolProgress);
MULTIPROCESS_FOR_EACH_START_METHOD(ToldAtTheEnd);

}  // namespace
}  // namespace multiprocess
