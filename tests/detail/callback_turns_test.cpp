// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/callback_turns.hpp>

#include "support/latch.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

using multiprocess::detail::CallbackOwner;
using multiprocess::detail::CallbackTurns;

namespace {

class Calls final : public CallbackOwner {
 public:
  explicit Calls(std::function<void()> calls) : calls_(std::move(calls)) {}
  void make_calls() noexcept override { calls_(); }

 private:
  std::function<void()> calls_;
};

void take(CallbackTurns& turns, std::function<void()> calls) {
  turns.take(std::make_shared<Calls>(std::move(calls)));
}

TEST(CallbackTurns, AreMadeAtOnceWhenNobodyMakesOthers) {
  CallbackTurns turns;
  int made = 0;
  take(turns, [&made] { ++made; });
  EXPECT_EQ(made, 1);
  EXPECT_FALSE(turns.is_due_here());
}

TEST(CallbackTurns, OfOneThreadAreNestedForTheyMayBeWaitedFor) {
  CallbackTurns turns;
  std::vector<int> made;
  take(turns, [&] {
    take(turns, [&made] { made.push_back(1); });
    made.push_back(2);
  });
  EXPECT_EQ(made, (std::vector{1, 2}));
}

TEST(CallbackTurns, ComeOneAtATimeWhoeverBringsThem) {
  CallbackTurns turns;
  constexpr int each = 1000;
  std::vector<int> made;  // without a lock
  const auto bring = [&] {
    for (int i = 0; i < each; ++i) {
      take(turns, [&made, i] { made.push_back(i); });
    }
  };
  {
    const std::jthread other(bring);
    bring();
  }
  EXPECT_EQ(made.size(), 2U * each);
}

TEST(CallbackTurns, OfAnotherThreadAreLeftToTheOneThatIsAtIt) {
  CallbackTurns turns;
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id maker;
  take(turns, [&] {
    std::thread([&] { take(turns, [&maker] { maker = std::this_thread::get_id(); }); }).join();
    EXPECT_EQ(maker, std::thread::id());
  });
  EXPECT_EQ(maker, here);
}

TEST(CallbackTurns, AreWaitedForWhoeverMakesThem) {
  CallbackTurns turns;
  multiprocess::test::Latch begun(1);
  multiprocess::test::Latch end(1);
  bool made = false;
  const std::jthread maker([&] {
    take(turns, [&] {
      begun.count_down();
      end.wait();
    });
  });
  begun.wait();
  take(turns, [&made] { made = true; });
  const std::jthread other([&end] { end.count_down(); });
  turns.wait_until_made();
  EXPECT_TRUE(made);
}

TEST(CallbackTurns, ThatAreStillToComeAreWaitedForToo) {
  CallbackTurns turns;
  multiprocess::test::Latch begun(1);
  bool made = false;
  const std::jthread settler([&] {
    const CallbackTurns::Coming coming(&turns);
    begun.count_down();
    take(turns, [&made] { made = true; });
  });
  begun.wait();
  turns.wait_until_made();
  EXPECT_TRUE(made);
}

TEST(CallbackTurns, OneThatWaitsForAllMakesThoseOfOthers) {
  CallbackTurns turns;
  bool made = false;
  take(turns, [&] {
    std::thread([&] { take(turns, [&made] { made = true; }); }).join();
    turns.wait_until_made();
    EXPECT_TRUE(made);
  });
}

TEST(CallbackTurns, GoOnWithinOneThatWaits) {
  CallbackTurns turns;
  bool made = false;
  take(turns, [&] {
    std::thread([&] { take(turns, [&made] { made = true; }); }).join();
    EXPECT_TRUE(turns.is_due_here());
    std::thread([&] {
      EXPECT_FALSE(turns.is_due_here());
      turns.go_on();
    }).join();
    EXPECT_FALSE(made);
    turns.go_on();
    EXPECT_TRUE(made);
    EXPECT_FALSE(turns.is_due_here());
  });
}

}  // namespace
