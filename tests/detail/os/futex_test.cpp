// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/futex.hpp>

#include <multiprocess/process.hpp>
#include <multiprocess/raw_value.hpp>

#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <thread>

namespace mp = multiprocess;
namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;

namespace {

using Word = std::atomic<std::uint32_t>;

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Wakes until so many sleepers have been seen.
int wake_all_of(const Word& word, int expected) {
  int woken = 0;
  while (woken < expected) {
    woken += os::wake_sleepers(word, INT_MAX);
    os::yield();
  }
  return woken;
}

TEST(Futex, DoesNotSleepOnAnotherValue) {
  const Word word(1);
  os::sleep_while_equal(word, 0, os::never);
}

TEST(Futex, SleepsUntilTheDeadline) {
  const Word word(0);
  const os::Deadline deadline = in(30ms);
  while (std::chrono::steady_clock::now() < deadline) {
    os::sleep_while_equal(word, 0, deadline);
  }
  os::sleep_while_equal(word, 0, in(-1h));
  os::sleep_while_equal(word, 0, os::at_once);
}

TEST(Futex, NobodyIsWokenWhereNobodySleeps) {
  const Word word(0);
  EXPECT_EQ(os::wake_sleepers(word, INT_MAX), 0);
}

TEST(Futex, WakesSleepersOfThisProcess) {
  const Word word(0);
  {
    const std::jthread first([&word] { os::sleep_while_equal(word, 0, in(20s)); });
    const std::jthread second([&word] { os::sleep_while_equal(word, 0, os::never); });
    EXPECT_EQ(wake_all_of(word, 2), 2);
  }
}

TEST(Futex, WakesNoMoreThanAsked) {
  Word word(0);
  std::atomic<int> ended{0};
  {
    const auto sleeper = [&] {
      while (word.load() == 0) {
        os::sleep_while_equal(word, 0, os::never);
      }
      ++ended;
    };
    const std::jthread first(sleeper);
    const std::jthread second(sleeper);
    for (int i = 0; i < 100; ++i) {
      EXPECT_LE(os::wake_sleepers(word, 1), 1);
      os::yield();
    }
    word = 1;
    while (ended < 2) {
      os::wake_sleepers(word, INT_MAX);
      os::yield();
    }
  }
}

class FutexProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(FutexProcesses);

TEST_P(FutexProcesses, ASleeperInAnotherProcessIsWoken) {
  const mp::RawValue<Word> shared;
  Word& word = shared.get_obj();
  mp::Process sleeper = start(
      [](const mp::RawValue<Word>& value) {
        while (value.get_obj().load() == 0) {
          os::sleep_while_equal(value.get_obj(), 0, os::never);
        }
      },
      shared);
  EXPECT_EQ(wake_all_of(word, 1), 1);
  word = 1;
  os::wake_sleepers(word, 1);
  EXPECT_TRUE(sleeper.join(mp::test::plenty));
  EXPECT_EQ(sleeper.exitcode(), 0);
}

}  // namespace
