// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/backtrace.hpp>

#include <multiprocess/detail/os/symbols.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace os = multiprocess::detail::os;

namespace {

volatile bool armed = true;

[[gnu::noinline]] void throws_at_once() {
  if (armed) {
    throw std::runtime_error("no");
  }
}

[[gnu::noinline]] int calls_the_thrower(int depth) {
  if (depth == 0) {
    throws_at_once();
  } else {
    calls_the_thrower(depth - 1);
  }
  return depth + 1;  // keeps it from being a tail call
}

[[gnu::noinline]] void outside(void (*inside)()) {
  os::guarded_call(inside);
  asm volatile("");
}

std::vector<std::string> functions_of(const std::exception_ptr& exception) {
  std::vector<std::string> names;
  for (const os::CodePlace& place : os::describe_calls(os::take_thrown_stack(exception))) {
    names.push_back(place.function);
  }
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& part) {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return name.find(part) != std::string::npos; });
}

TEST(Backtrace, NamesTheFunctionsFromTheThrowToTheGuard) {
  try {
    outside([] { calls_the_thrower(2); });
    FAIL();
  } catch (const std::runtime_error&) {
    const auto names = functions_of(std::current_exception());
#if defined(__x86_64__)
    EXPECT_TRUE(contains(names, "throws_at_once"));
    EXPECT_TRUE(contains(names, "calls_the_thrower"));
#endif
    EXPECT_FALSE(contains(names, "outside"));
  }
}

TEST(Backtrace, IsThatOfThisExceptionOnly) {
  std::exception_ptr guarded;
  try {
    os::guarded_call([] { throws_at_once(); });
  } catch (...) {
    guarded = std::current_exception();
  }
  try {
    throws_at_once();
  } catch (...) {
    EXPECT_TRUE(os::take_thrown_stack(std::current_exception()).empty());
  }
  EXPECT_TRUE(os::take_thrown_stack(nullptr).empty());
}

TEST(Backtrace, GuardsWhatReturnsToo) {
  int calls = 0;
  const auto count = [&calls] { ++calls; };
  os::guarded_call(count);
  os::guarded_call([&] { os::guarded_call(count); });
  EXPECT_EQ(calls, 2);
}

TEST(Backtrace, OfExceptionsCaughtInsideIsNotKept) {
  os::guarded_call([] {
    try {
      throws_at_once();
    } catch (const std::runtime_error&) {
      EXPECT_TRUE(os::take_thrown_stack(std::current_exception()).empty());
    }
  });
}

TEST(Backtrace, SurvivesARunawayDepth) {
  try {
    os::guarded_call([] { calls_the_thrower(1000); });
  } catch (const std::runtime_error&) {
    EXPECT_LE(os::take_thrown_stack(std::current_exception()).size(), 64U);
  }
}

}  // namespace
