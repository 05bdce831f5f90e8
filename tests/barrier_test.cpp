// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/barrier.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/serialization.hpp>

#include "support/arena_use.hpp"
#include "support/in_time.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::in_threads;

namespace {

constexpr auto plenty = 20s;

static_assert(sizeof(mp::Barrier) == sizeof(mp::detail::SharedRef));
static_assert(std::is_nothrow_copy_constructible_v<mp::Barrier>, "closures may capture it");
static_assert(mp::sendable<mp::Barrier>);
static_assert(!std::is_default_constructible_v<mp::Barrier>);
static_assert(!std::is_constructible_v<mp::Barrier, double>);
static_assert(!std::is_constructible_v<mp::Barrier, int, int>);
static_assert(std::is_constructible_v<mp::Barrier, std::size_t, std::chrono::seconds>);
static_assert(!std::is_constructible_v<mp::Barrier, int, void (*)(int)>);

TEST(Barrier, BadNumbersOfPartiesAreValueErrors) {
  EXPECT_THROW(mp::Barrier(0), mp::ValueError);
  EXPECT_THROW(mp::Barrier(-1), mp::ValueError);
  EXPECT_THROW(mp::Barrier(std::numeric_limits<int>::max() + 1LL), mp::ValueError);
  EXPECT_THROW(mp::Barrier(~std::size_t{0}, 1s), mp::ValueError);
  EXPECT_THROW(mp::Barrier(0, [] {}), mp::ValueError);
  EXPECT_EQ(mp::Barrier(std::numeric_limits<int>::max()).parties(),
            std::numeric_limits<int>::max());
}

TEST(Barrier, LetsAllGoWhenAllHaveCome) {
  const mp::Barrier barrier(4);
  EXPECT_EQ(barrier.parties(), 4);
  std::atomic<int> come{0};
  std::atomic<int> sum{0};
  in_threads(4, [&](int) {
    for (int round = 1; round <= 500; ++round) {
      ++come;
      sum += barrier.wait();
      ASSERT_GE(come, 4 * round);
      sum += barrier.wait();
    }
  });
  EXPECT_EQ(sum, 1000 * (0 + 1 + 2 + 3)) << "each index once";
  EXPECT_EQ(barrier.n_waiting(), 0);
  EXPECT_FALSE(barrier.broken());
}

TEST(Barrier, OfOnePartyNeverWaits) {
  int acted = 0;
  const mp::Barrier barrier(1, [&] { ++acted; });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(barrier.wait(), 0);
  }
  EXPECT_EQ(acted, 3);
  EXPECT_EQ(mp::Barrier(1).wait(0s), 0);
}

TEST(Barrier, MoreThreadsThanPartiesTakeTurns) {
  const mp::Barrier barrier(2);
  std::atomic<int> left{1200};  // of all together: nobody stays alone with his
  std::atomic<int> through{0};
  in_threads(6, [&](int) {
    while (left-- > 0) {
      barrier.wait(plenty);
      ++through;
    }
  });
  EXPECT_EQ(through, 1200);
}

TEST(Barrier, TheActionRunsOnceBeforeAnybodyGoesOn) {
  int rounds = 0;  // as a Python closure would: this process's copy
  const mp::Barrier barrier(3, [&rounds] { ++rounds; });
  in_threads(3, [&](int) {
    for (int round = 1; round <= 200; ++round) {
      barrier.wait();
      ASSERT_EQ(rounds, round);
      barrier.wait();
      ASSERT_EQ(rounds, ++round);
    }
  });
  EXPECT_EQ(rounds, 200);
}

TEST(Barrier, AnActionMayBeAnyCallable) {
  static std::atomic<int> called;
  called = 0;
  struct Counter {
    std::unique_ptr<int> step = std::make_unique<int>(2);
    int operator()() { return called += *step; }
  };
  mp::Barrier(
      1, +[] { ++called; })
      .wait();
  mp::Barrier(1, Counter()).wait();
  mp::Barrier(1, mp::Function<void()>([] { called += 4; }), 1s).wait();
  const std::string text = "12345678";
  mp::Barrier(
      1, [text] { called += static_cast<int>(text.size()); }, mp::forever)
      .wait();
  EXPECT_EQ(called, 1 + 2 + 4 + 8);
}

TEST(Barrier, AnActionThatThrowsBreaksIt) {
  const mp::Barrier barrier(2, [] { throw mp::KeyError("no"); });
  std::atomic<int> broken{0};
  std::atomic<int> thrown{0};
  in_threads(2, [&](int) {
    try {
      barrier.wait(plenty);
    } catch (const mp::BrokenBarrierError&) {
      ++broken;
    } catch (const mp::KeyError&) {
      ++thrown;
    }
  });
  EXPECT_EQ(broken, 1);
  EXPECT_EQ(thrown, 1);
  EXPECT_TRUE(barrier.broken());
  EXPECT_THROW(barrier.wait(), mp::BrokenBarrierError);
}

/// A thread that waits and is let down.
std::jthread disappointed(const mp::Barrier& barrier) {
  const int before = barrier.n_waiting();
  std::jthread thread([&barrier] { EXPECT_THROW(barrier.wait(plenty), mp::BrokenBarrierError); });
  mp::test::until([&] { return barrier.n_waiting() == before + 1; });
  return thread;
}

TEST(Barrier, ATimeoutBreaksItForAll) {
  const mp::Barrier barrier(3);
  {
    const std::jthread other = disappointed(barrier);
    EXPECT_THROW(barrier.wait(10ms), mp::BrokenBarrierError);
  }
  EXPECT_TRUE(barrier.broken());
  EXPECT_EQ(barrier.n_waiting(), 0);
  EXPECT_THROW(barrier.wait(), mp::BrokenBarrierError) << "at once";
  barrier.reset();
  EXPECT_THROW(barrier.wait(-1s), mp::BrokenBarrierError);
}

TEST(Barrier, WaitGivesUpAtTheTimeout) {
  const mp::Barrier barrier(2);
  EXPECT_TRUE(mp::test::gives_up_in_time([&](auto time) {
    barrier.reset();
    try {
      barrier.wait(time);
      return true;
    } catch (const mp::BrokenBarrierError&) {
      return false;
    }
  }));
}

TEST(Barrier, HasATimeoutOfItsOwn) {
  const mp::Barrier barrier(2, 5ms);
  EXPECT_THROW(barrier.wait(), mp::BrokenBarrierError);
  barrier.reset();
  EXPECT_THROW(barrier.wait(mp::forever), mp::BrokenBarrierError) << "as None in Python";
  barrier.reset();
  const std::jthread late([&] {
    mp::test::until([&] { return barrier.n_waiting() == 1; });
    barrier.wait();
  });
  EXPECT_EQ(barrier.wait(plenty), 0) << "the call's own";
}

TEST(Barrier, AbortBreaksItUntilReset) {
  const mp::Barrier barrier(3);
  {
    const std::jthread one = disappointed(barrier);
    const std::jthread two = disappointed(barrier);
    barrier.abort();
  }
  EXPECT_TRUE(barrier.broken());
  barrier.abort();
  EXPECT_THROW(barrier.wait(), mp::BrokenBarrierError);
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  in_threads(3, [&](int) { barrier.wait(plenty); });
}

TEST(Barrier, ResetSendsThoseWhoWaitAway) {
  const mp::Barrier barrier(2);
  for (int round = 0; round < 20; ++round) {
    {
      const std::jthread other = disappointed(barrier);
      barrier.reset();
    }
    EXPECT_FALSE(barrier.broken());
    EXPECT_EQ(barrier.n_waiting(), 0);
    in_threads(2, [&](int) { barrier.wait(plenty); });
  }
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
}

TEST(Barrier, WhatHappensDuringTheActionBreaksItForTheLastOneToo) {
  for (const bool by_reset : {true, false}) {
    std::atomic<bool> acting{false};
    std::atomic<bool> go_on{false};
    const mp::Barrier barrier(2, [&] {
      acting = true;
      mp::test::until([&] { return go_on.load(); });
    });
    {
      const std::jthread one = disappointed(barrier);
      const std::jthread two([&] { EXPECT_THROW(barrier.wait(plenty), mp::BrokenBarrierError); });
      mp::test::until([&] { return acting.load(); });
      EXPECT_EQ(barrier.n_waiting(), 2);
      by_reset ? barrier.reset() : barrier.abort();
      go_on = true;
    }
    EXPECT_EQ(barrier.broken(), !by_reset);
  }
}

TEST(Barrier, WhoComesDuringTheActionIsOfTheNextPhase) {
  std::atomic<int> acts{0};
  std::atomic<bool> go_on{false};
  const mp::Barrier barrier(2, [&] {
    ++acts;
    mp::test::until([&] { return go_on.load(); });
  });
  in_threads(4, [&](int number) {
    if (number >= 2) {
      mp::test::until([&] { return acts == 1; });
    }
    if (number == 3) {
      go_on = true;
    }
    barrier.wait(plenty);
  });
  EXPECT_EQ(acts, 2);
}

TEST(Barrier, CopiesAreTheSameBarrier) {
  const mp::Barrier barrier(2);
  const mp::Barrier copy = barrier;
  EXPECT_EQ(copy, barrier);
  EXPECT_NE(mp::Barrier(2), barrier);
  copy.abort();
  EXPECT_TRUE(barrier.broken());
}

TEST(Barrier, PrintsAsPythonDoes) {
  const mp::Barrier barrier(2);
  const std::string text = fmt::format("{}", barrier);
  EXPECT_TRUE(text.starts_with("<multiprocess.synchronize.Barrier at 0x") &&
              text.ends_with(": waiters=0/2>"))
      << text;
  {
    const std::jthread other = disappointed(barrier);
    EXPECT_TRUE(fmt::format("{}", barrier).ends_with(": waiters=1/2>"));
    barrier.abort();
  }
  std::ostringstream stream;
  stream << barrier;
  EXPECT_EQ(stream.str(), text.substr(0, text.rfind(':')) + ": broken>");
}

TEST(Barrier, CannotBeStored) {
  EXPECT_THROW(mp::dumps(mp::Barrier(1)), mp::RuntimeError);
}

TEST(Barrier, WithAnActionThatCannotCrossIsNotSent) {
  int here = 0;
  const mp::Queue<mp::Barrier> queue;
  EXPECT_THROW(queue.put(mp::Barrier(1, [&here] { ++here; })), mp::NotSendable);
  int* const pointer = &here;
  EXPECT_THROW(queue.put(mp::Barrier(1, [pointer] { ++*pointer; })), mp::NotSendable);
  const std::string text = "x";
  EXPECT_THROW(queue.put(mp::Barrier(1, [text] {})), mp::NotSendable);
  queue.put(mp::Barrier(1, [] {}));
  EXPECT_EQ(queue.get().wait(), 0);
}

TEST(Barrier, EndsWithItsAction) {
  const auto before = mp::test::use_now();
  {
    const mp::Queue<int> queue;
    std::vector<mp::Barrier> barriers;
    for (int i = 0; i < 20; ++i) {
      barriers.emplace_back(1, [queue, i] { queue.put(i); });
      barriers.back().wait();
    }
    const mp::Queue<mp::Barrier> travels;
    for (const mp::Barrier& barrier : barriers) {
      travels.put(barrier);
      travels.get().wait();
    }
    EXPECT_EQ(queue.qsize(), 40);
    EXPECT_EQ(mp::test::use_now().objects, before.objects + 22);
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

}  // namespace
