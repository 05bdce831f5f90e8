// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/shared_string.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <type_traits>

namespace mp = multiprocess;
using mp::test::in_threads;
using mp::test::plenty;
using mp::test::require;

namespace {

static_assert(std::is_nothrow_copy_constructible_v<mp::SharedString>);
static_assert(mp::sendable<mp::SharedString>);

TEST(SharedString, IsAssignedAndAppendedTo) {
  const mp::SharedString text("hello");
  EXPECT_EQ(text.size(), 5);
  text += " world";
  text.append("");
  EXPECT_EQ(text.str(), "hello world");
  EXPECT_TRUE(text == "hello world");
  text.assign(std::string("a\0b", 3));
  EXPECT_EQ(text.str(), std::string("a\0b", 3));
  text.clear();
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(mp::SharedString().str(), "");
}

TEST(SharedString, CopiesAreTheSameText) {
  const mp::SharedString text("x");
  const mp::SharedString copy = text;
  copy += "y";
  EXPECT_EQ(text, "xy");
  EXPECT_EQ(copy, text);
  EXPECT_NE(copy, mp::SharedString("xy"));
  EXPECT_EQ(fmt::format("{}", text), "SharedString('xy')");
  const mp::Queue<> queue;
  queue.put(text);
  EXPECT_EQ(queue.get<mp::SharedString>(), text);
}

TEST(SharedString, SeveralStepsMayBeOne) {
  const mp::SharedString text;
  in_threads(4, [&](int) {
    for (int i = 0; i < 100; ++i) {
      const std::scoped_lock guard(text);
      text += "(";
      text += ")";
    }
  });
  std::string expected;
  for (int i = 0; i < 400; ++i) {
    expected += "()";
  }
  EXPECT_EQ(text.str(), expected);
}

class SharedStringProcesses : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(SharedStringProcesses);

TEST_P(SharedStringProcesses, IsReadAndWrittenByAll) {
  const mp::SharedString text("from the parent");
  EXPECT_EQ(exitcode_of(
                [text](const mp::SharedString& argument) {
                  require(argument == "from the parent");
                  text.assign("from a child");
                },
                text),
            0);
  EXPECT_EQ(text, "from a child");
}

TEST_P(SharedStringProcesses, ADeathTearsNothing) {
  const mp::SharedString text("x");
  EXPECT_EQ(exitcode_of([text] {
              const std::scoped_lock guard(text);
              text += "y";
              mp::test::die();
            }),
            multiprocess::test::killed);
  EXPECT_EQ(text, "xy");
}

}  // namespace
