// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/word.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <climits>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;
using test::InArena;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Without the slices of a wait, a lost wake-up is a test that does not end.
class Word : public testing::Test {
 protected:
  Word() { cures().backstop = false; }
  ~Word() override { cures().backstop = true; }

  InArena<Signal> signal_;
};

TEST_F(Word, DoesNotWaitForWhatIsSo) {
  EXPECT_TRUE(wait_until(*signal_, os::at_once, [] { return true; }));
  EXPECT_TRUE(wait_until(*signal_, os::never, [] { return true; }));
}

TEST_F(Word, WaitsUntilTheDeadline) {
  const os::Deadline deadline = in(20ms);
  EXPECT_FALSE(wait_until(*signal_, deadline, [] { return false; }));
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  EXPECT_FALSE(wait_until(*signal_, os::at_once, [] { return false; }));
  EXPECT_EQ(signal_->sleepers.load(), 0U);
}

TEST_F(Word, CountsItsSleepers) {
  {
    const Sleep first(signal_->word, signal_->sleepers);
    EXPECT_EQ(signal_->sleepers.load(), 1U);
  }
  EXPECT_EQ(signal_->sleepers.load(), 0U);
}

TEST_F(Word, SaysWhyASleepEnded) {
  Sleep sleep(signal_->word, signal_->sleepers);
  EXPECT_EQ(sleep.while_equal(0, os::at_once, long_slice), Woken::deadline);
  EXPECT_EQ(sleep.while_equal(0, in(5ms), long_slice), Woken::deadline);
  EXPECT_EQ(sleep.while_equal(1, os::never, long_slice), Woken::look_again);
  cures().backstop = true;
  EXPECT_EQ(sleep.while_equal(0, os::never, 2ms), Woken::slice);
  EXPECT_EQ(sleep.while_equal(0, in(20s), 2ms), Woken::slice);
}

TEST_F(Word, ABroadcastBetweenTheLookAndTheSleepIsFelt) {
  Sleep sleep(signal_->word, signal_->sleepers);
  wake_everybody();
  EXPECT_EQ(sleep.while_equal(0, in(20s), long_slice), Woken::look_again);
  EXPECT_EQ(sleep.while_equal(0, in(5ms), long_slice), Woken::deadline);
}

TEST_F(Word, AWakeUpEndsTheSleep) {
  std::atomic<bool> ready{false};
  const std::jthread sleeper(
      [&] { EXPECT_TRUE(wait_until(*signal_, os::never, [&ready] { return ready.load(); })); });
  test::until([this] { return signal_->sleepers.load() == 1; });
  ready = true;
  signal_->wake(1);
}

TEST_F(Word, ACallingSignalDoesNotCallAgainWhomItHasCalled) {
  InArena<CallingSignal> signal;
  const Sleep one(signal->word, signal->sleepers);
  std::uint32_t before = signal->before_sleep();
  EXPECT_EQ(signal->before_sleep(), before);
  for (const int count : {1, INT_MAX}) {
    signal->wake(count);
    const std::uint32_t called = signal->word.load();
    EXPECT_NE(called, before);
    signal->wake(count);
    EXPECT_EQ(signal->word.load(), called) << "he has not come yet";
    before = signal->before_sleep();
    EXPECT_NE(before, called) << "nor had he seen what was told";
  }
  const Sleep another(signal->word, signal->sleepers);
  signal->wake(1);
  const std::uint32_t called = signal->word.load();
  signal->wake(1);
  EXPECT_NE(signal->word.load(), called) << "the other one has not been called";
}

/// Each change wakes one, and there are as many as are taken.
TEST_F(Word, ACallingSignalForgetsNobody) {
  InArena<CallingSignal> signal;
  InArena<std::atomic<int>> changes;
  constexpr int each = 20'000;
  const auto take = [&] {
    int now = changes->load();
    while (now > 0 && !changes->compare_exchange_strong(now, now - 1)) {  // some may be left
    }
    return now > 0;
  };
  const auto take_all = [&] {
    for (int i = 0; i < each; ++i) {
      sleep_until(*signal, os::never, take);
    }
  };
  const auto make_all = [&] {
    for (int i = 0; i < each; ++i) {
      ++*changes;
      signal->wake(1);
      if (i % 64 == 0) {
        os::yield();
      }
    }
  };
  Child child(take_all);
  Child maker(make_all);
  {
    const std::jthread taker(take_all);
    const std::jthread another_maker(make_all);
  }
  child.wait();
  maker.wait();
  EXPECT_EQ(changes->load(), 0);
}

TEST_F(Word, WakesSleepersInOtherProcesses) {
  InArena<std::atomic<int>> turn;
  Child child([&] {
    for (int i = 0; i < 500; ++i) {
      wait_until(*signal_, os::never, [&] { return turn->load() == 2 * i + 1; });
      ++*turn;
      signal_->wake(INT_MAX);
    }
  });
  for (int i = 0; i < 500; ++i) {
    ++*turn;
    signal_->wake(INT_MAX);
    wait_until(*signal_, os::never, [&] { return turn->load() == 2 * i + 2; });
  }
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST_F(Word, NoWakeUpIsLostAmongThreads) {
  constexpr int threads = 6;
  std::atomic<int> turn{0};
  test::in_threads(threads, [&](int number) {
    for (int round = 0; round < 500; ++round) {
      wait_until(*signal_, os::never, [&] { return turn.load() == round * threads + number; });
      ++turn;
      signal_->wake(INT_MAX);
    }
  });
  EXPECT_EQ(turn.load(), threads * 500);
  EXPECT_EQ(signal_->sleepers.load(), 0U);
}

TEST_F(Word, ADeathWakesEverybody) {
  InArena<std::atomic<std::uint64_t>> victim;
  Child child([&] {
    *victim = this_participant().word();
    test::wait_to_be_killed();
  });
  test::until([&] { return victim->load() != 0; });
  const Ticket ticket = Ticket::from(*victim);
  const std::jthread sleeper(
      [&] { wait_until(*signal_, os::never, [ticket] { return is_over(ticket); }); });
  test::until([this] { return signal_->sleepers.load() == 1; });
  child.kill();
  child.wait();
  test::notice_deaths();
}

TEST_F(Word, AKilledSleeperIsTakenOutOfTheCount) {
  InArena<std::atomic<std::uint32_t>> counted;
  Child child([&] {
    const Sleep sleep(signal_->word, *counted);
    test::wait_to_be_killed();
  });
  test::until([&] {
    const auto* const record = at<Sleeper>(area::sleepers);
    for (std::uint32_t i = 1; i <= record[0].owner.load(); ++i) {
      if (record[i].counter.load() == offset_of(&*counted)) {
        return true;
      }
    }
    return false;
  });
  child.kill();
  child.wait();
  test::notice_deaths();
  EXPECT_EQ(counted->load(), 0U);
}

TEST_F(Word, AThreadGivesItsRecordBack) {
  const auto sleep_a_little = [this] {
    std::jthread([this] { wait_until(*signal_, in(1ms), [] { return false; }); });
  };
  sleep_a_little();
  const auto used = [] { return at<Sleeper>(area::sleepers)->owner.load(); };
  const std::uint64_t before = used();
  for (int i = 0; i < 20; ++i) {
    sleep_a_little();
  }
  EXPECT_EQ(used(), before);
}

TEST_F(Word, ASpinEnds) {
  const os::Deadline soon = in(20s);
  for (Spin spin; spin.again();) {
    ASSERT_LT(std::chrono::steady_clock::now(), soon);
  }
}

}  // namespace
}  // namespace multiprocess::detail
