// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/exit.hpp>

#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace mp = multiprocess;
using mp::test::plenty;

namespace {

TEST(AtExit, ACallIsMadeOnceAndCanBeCancelled) {
  int calls = 0;
  const mp::ExitCall call = mp::at_exit([&calls] { ++calls; });
  EXPECT_TRUE(call.still_active());
  EXPECT_TRUE(call());
  EXPECT_FALSE(call());
  EXPECT_FALSE(call.still_active());
  EXPECT_FALSE(call.cancel());
  const mp::ExitCall other = mp::at_exit([&calls] { ++calls; });
  EXPECT_NE(call, other);
  EXPECT_TRUE(other.cancel());
  EXPECT_FALSE(other());
  EXPECT_EQ(calls, 1);
}

TEST(AtExit, TakesWhatCannotBeCopied) {
  auto owned = std::make_unique<int>(3);
  int seen = 0;
  const mp::ExitCall call = mp::at_exit([owned = std::move(owned), &seen] { seen = *owned; });
  EXPECT_TRUE(call());
  EXPECT_EQ(seen, 3);
}

TEST(AtExit, IsNotMadeInAForkedChild) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  const mp::ExitCall call = mp::at_exit([] { mp::exit(77); });
  mp::Process p(mp::fork_only([call] { mp::exit(call.still_active() || call() ? 1 : 0); }));
  p.start();
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
  EXPECT_TRUE(call.cancel());
}

TEST(AtExit, WhatACallThrowsIsReportedAndTheOthersAreMade) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  mp::Queue<std::string> words;
  mp::Process p(mp::fork_only([words] {
    mp::at_exit([words] { words.put("other"); });
    mp::at_exit([] { throw mp::ValueError("thrown at exit"); });
  }));
  testing::internal::CaptureStderr();
  p.start();
  EXPECT_TRUE(p.join(plenty));
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("ValueError: thrown at exit"), std::string::npos) << text;
  EXPECT_EQ(words.get(plenty), "other");
  EXPECT_EQ(p.exitcode(), 0);
}

TEST(AfterFork, IsCalledInEachForkedChildInOrder) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  mp::Queue<int> numbers;
  const mp::ExitCall first = mp::after_fork([numbers] { numbers.put(1); });
  const mp::ExitCall second = mp::after_fork([numbers] { numbers.put(2); });
  mp::Process p(mp::fork_only([numbers] {
    numbers.put(3);
    mp::Process child(mp::fork_only([numbers] { numbers.put(4); }));
    child.start();
    child.join();
  }));
  p.start();
  EXPECT_TRUE(p.join(plenty));
  for (const int expected : {1, 2, 3, 1, 2, 4}) {
    EXPECT_EQ(numbers.get(plenty), expected);
  }
  EXPECT_TRUE(first.cancel());
  EXPECT_TRUE(second.cancel());
}

TEST(Exit, ACallPrintsWhetherItWillBeMade) {
  const mp::ExitCall call = mp::at_exit([] {});
  EXPECT_EQ(fmt::format("{}", call), "<ExitCall>");
  call.cancel();
  EXPECT_EQ(fmt::format("{}", call), "<ExitCall, dead>");
}

TEST(Exit, ThrowsWhatIsNoStandardException) {
  try {
    mp::exit("text");
  } catch (const mp::SystemExit& exit) {
    EXPECT_EQ(exit.code(), 1);
    EXPECT_EQ(*exit.message(), "text");
  }
  static_assert(!std::is_base_of_v<std::exception, mp::SystemExit>);
}

void at_exit_of_a_program(const char* order) {
  mp::Process child([] { mp::exit(0); });
  child.start();
  mp::at_exit([order] { std::fputs(order, stderr); });
  mp::at_exit([] { std::fputs(mp::active_children().empty() ? "joined " : "running ", stderr); },
              -1);
  std::exit(5);
}

TEST(Exit, AProgramGoesThroughTheExitSteps) {
  EXPECT_EXIT(at_exit_of_a_program("first "), testing::ExitedWithCode(5), "first joined ");
}

}  // namespace
