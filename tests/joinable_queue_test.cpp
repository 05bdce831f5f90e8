// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/joinable_queue.hpp>

#include <multiprocess/error.hpp>

#include "contract/queue_like.hpp"
#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <type_traits>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using mp::test::in_threads;

namespace {

struct Joinable {
  template <class T>
  using Of = mp::JoinableQueue<T>;
  static constexpr const char* name = "JoinableQueue";
};

static_assert(std::is_same_v<decltype(mp::JoinableQueue()), mp::JoinableQueue<mp::Object>>);
static_assert(std::is_same_v<decltype(mp::JoinableQueue(3)), mp::JoinableQueue<mp::Object>>);
static_assert(std::ranges::input_range<mp::JoinableQueue<int>>);
static_assert(!std::is_constructible_v<mp::JoinableQueue<int>, double>);

TEST(JoinableQueue, JoinReturnsAtOnceWhenNothingIsOutstanding) {
  const mp::JoinableQueue<int> queue;
  EXPECT_TRUE(queue.join());
  EXPECT_TRUE(queue.join(0s));
  queue.put(1);
  queue.get();
  queue.task_done();
  EXPECT_TRUE(queue.join());
  EXPECT_TRUE(queue.join(-1s));
}

TEST(JoinableQueue, JoinTellsThatTheTimeIsUp) {
  const mp::JoinableQueue<int> queue;
  queue.put(1);
  EXPECT_FALSE(queue.join(0s)) << "not taken";
  queue.get();
  EXPECT_FALSE(queue.join(0s)) << "not done";
  const auto begin = Clock::now();
  EXPECT_FALSE(queue.join(20ms));
  EXPECT_GE(Clock::now() - begin, 20ms);
  queue.task_done();
  EXPECT_TRUE(queue.join());
}

TEST(JoinableQueue, TaskDoneTooOftenIsAnError) {
  const mp::JoinableQueue<int> queue;
  EXPECT_THROW(queue.task_done(), mp::ValueError);
  queue.put(1);
  queue.put(2);
  EXPECT_THROW(queue.task_done(), mp::ValueError) << "nobody has taken one";
  queue.get();
  queue.task_done();
  try {
    queue.task_done();
    FAIL();
  } catch (const mp::ValueError& error) {
    EXPECT_STREQ(error.what(), "task_done() called too many times");
  }
  EXPECT_FALSE(queue.join(0s));
  queue.get();
  queue.task_done();
  EXPECT_TRUE(queue.join());
}

TEST(JoinableQueue, IsAQueue) {
  const mp::JoinableQueue<int> joinable(2);
  const mp::Queue<int> queue = joinable;
  EXPECT_EQ(queue, joinable);
  queue.put(1);
  joinable.put(2);
  EXPECT_THROW(joinable.put_nowait(3), mp::Full);
  EXPECT_FALSE(joinable.try_put(3, 1ms));
  EXPECT_TRUE(joinable.full());
  EXPECT_EQ(joinable.qsize(), 2);
  EXPECT_EQ(queue.get(), 1) << "counted all the same";
  EXPECT_EQ(joinable.get_nowait(), 2);
  EXPECT_THROW(joinable.get(1ms), mp::Empty);
  EXPECT_EQ(joinable.try_get(), std::nullopt);
  joinable.task_done();
  EXPECT_FALSE(joinable.join(0s));
  joinable.task_done();
  EXPECT_TRUE(joinable.join());
}

TEST(JoinableQueue, AClosedOneCanStillBeFinished) {
  const mp::JoinableQueue<int> queue;
  queue.put(1);
  queue.get();
  queue.close();
  queue.join_thread();
  EXPECT_THROW(queue.put(1), mp::ValueError);
  EXPECT_THROW(queue.get(), mp::ValueError);
  queue.task_done();
  EXPECT_TRUE(queue.join());
}

TEST(JoinableQueue, JoinWaitsForAllWorkers) {
  const mp::JoinableQueue<int> queue(10);
  std::atomic<int> done{0};
  in_threads(4, [&](int number) {
    if (number != 0) {
      for (const int item : queue) {
        done += item;
        queue.task_done();
      }
      return;
    }
    for (int round = 1; round <= 50; ++round) {
      for (int i = 0; i < 40; ++i) {
        queue.put(1);
      }
      EXPECT_TRUE(queue.join());
      EXPECT_EQ(done, round * 40);
    }
    queue.shutdown();
  });
  EXPECT_EQ(queue.lost(), 0);
}

/// Until somebody sleeps in join(): then the end of the work is told, not seen.
void wait_for_a_joiner() {
  mp::test::until([] {
    const std::uint64_t me = mp::detail::this_participant().word();
    for (std::uint32_t i = 1; i < 64; ++i) {
      const auto& sleeper = mp::detail::at<mp::detail::Sleeper>(mp::detail::area::sleepers)[i];
      if (sleeper.owner == me && sleeper.counter != 0) {
        return true;
      }
    }
    return false;
  });
}

/// Without the slices of a wait, a lost wake-up is a test that does not end.
class JoinableQueueWaits : public testing::Test {
 protected:
  JoinableQueueWaits() { mp::detail::cures().backstop = false; }
  ~JoinableQueueWaits() override { mp::detail::cures().backstop = true; }
};

TEST_F(JoinableQueueWaits, ItemsThatArePutLaterDoNotProlongTheWait) {
  const mp::JoinableQueue<int> queue;
  for (int round = 0; round < 100; ++round) {
    queue.put(1);
    {
      const std::jthread joiner([&queue] { EXPECT_TRUE(queue.join()); });
      wait_for_a_joiner();
      queue.get();
      queue.task_done();
      queue.put(2);
    }
    EXPECT_FALSE(queue.join(0s));
    queue.get();
    queue.task_done();
  }
}

TEST_F(JoinableQueueWaits, ManyWaitTogether) {
  for (int round = 0; round < 30; ++round) {
    const mp::JoinableQueue<int> queue;
    for (int i = 0; i < 30; ++i) {
      queue.put(i);
    }
    std::atomic<int> done{0};
    in_threads(6, [&](int number) {
      if (number < 3) {
        EXPECT_TRUE(queue.join());
        EXPECT_EQ(done, 30);
        return;
      }
      for (int i = 0; i < 10; ++i) {
        queue.get();
        ++done;
        queue.task_done();
      }
    });
  }
}

TEST_F(JoinableQueueWaits, AShutDownLeavesWhatIsThereToBeDone) {
  const mp::JoinableQueue<int> queue;
  queue.put(1);
  queue.put(2);
  queue.shutdown();
  EXPECT_THROW(queue.put(3), mp::ShutDown);
  const std::jthread joiner([&queue] { EXPECT_TRUE(queue.join()); });
  wait_for_a_joiner();
  int items = 0;
  for (const int item : queue) {
    EXPECT_EQ(item, ++items);
    EXPECT_FALSE(queue.join(0s));
    queue.task_done();
  }
  EXPECT_EQ(items, 2);
}

TEST_F(JoinableQueueWaits, AnImmediateShutDownCountsWhatItDropsAsDone) {
  const mp::JoinableQueue<std::string> queue;
  for (int i = 0; i < 2000; ++i) {
    queue.put(std::string(100, 'x'));
  }
  queue.get();
  {
    const std::jthread joiner([&queue] { EXPECT_TRUE(queue.join()); });
    wait_for_a_joiner();
    queue.task_done();
    queue.shutdown(true);
  }
  EXPECT_EQ(queue.qsize(), 0);
  EXPECT_EQ(queue.lost(), 0);
  EXPECT_THROW(queue.task_done(), mp::ValueError);
}

TEST_F(JoinableQueueWaits, AnImmediateShutDownWaitsForWhatIsInHand) {
  const mp::JoinableQueue<int> queue;
  queue.put(1);
  queue.put(2);
  queue.get();
  queue.shutdown(true);
  EXPECT_FALSE(queue.join(0s));
  queue.task_done();
  EXPECT_TRUE(queue.join());
}

}  // namespace

namespace multiprocess::test {
INSTANTIATE_TYPED_TEST_SUITE_P(Joinable, QueueLike, ::Joinable);
}
