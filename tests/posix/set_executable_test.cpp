// SPDX-License-Identifier: BSD-3-Clause
// Spawned children that run another program than this one.
#include <multiprocess/context.hpp>

#include "support/executable_calls.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mp = multiprocess;
using mp::test::plenty;

const char* const mp::test::program_name = "this program";

namespace {

using Words = mp::Queue<std::string>;

class SetExecutable : public mp::test::StartMethods {
 protected:
  void SetUp() override { mp::set_executable(MULTIPROCESS_OTHER_EXECUTABLE); }
  void TearDown() override {
    mp::set_executable("");
    StartMethods::TearDown();
  }

  /// Which program a child is that is started now.
  std::string program_of_a_child() const {
    const Words words;
    EXPECT_EQ(exitcode_of(mp::test::introduce, words, "hello", 2), 0);
    EXPECT_EQ(words.qsize(), 2);
    return words.get(plenty);
  }
};
MULTIPROCESS_FOR_EACH_START_METHOD(SetExecutable);

TEST_P(SetExecutable, SpawnedChildrenAreOfAnotherProgram) {
  const bool spawned = GetParam() == mp::StartMethod::spawn;
  EXPECT_EQ(program_of_a_child(),
            spawned ? "hello from the other program" : "hello from this program");
  mp::set_executable("");
  EXPECT_EQ(program_of_a_child(), "hello from this program");
}

TEST_P(SetExecutable, WhatHasNoNameIsRefusedByAnotherProgram) {
  const bool spawned = GetParam() == mp::StartMethod::spawn;
  testing::internal::CaptureStderr();
  EXPECT_EQ(exitcode_of([] {}), spawned ? 1 : 0);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("NotSendable") != text.npos, spawned) << text;
}

}  // namespace
