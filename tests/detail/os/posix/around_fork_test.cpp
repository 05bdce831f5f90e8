// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/around_fork.hpp>

#include "support/forked.hpp"

#include <gtest/gtest.h>

#include <string>

namespace multiprocess::detail::os {
namespace {

using Nesting = AroundFork::Nesting;

std::string calls;

constinit AroundFork first(
    Nesting::inner, [] { calls += "(i"; }, [] { calls += "i)"; }, [] { calls += "i]"; });
constinit AroundFork second(
    Nesting::outer, [] { calls += "(o"; }, [] { calls += "o)"; }, [] { calls += "o]"; });
constinit AroundFork third(
    Nesting::outer, [] { calls += "(p"; }, [] { calls += "p)"; }, [] { calls += "p]"; });
constinit AroundFork fourth(Nesting::inner, nullptr, nullptr, [] { calls += "j]"; });

TEST(AroundForkTest, WhatIsTakenInsideComesLastAndIsReturnedFirst) {
  for (AroundFork* const each : {&first, &second, &third, &fourth}) {
    EXPECT_TRUE(each->begin());
    EXPECT_TRUE(each->begin());  // once more is not twice
  }
  calls.clear();
  test::Forked child([] {
    if (calls != "(p(o(ii]j]o]p]") {
      _exit(1);
    }
  });
  EXPECT_TRUE(child.succeeds());
  EXPECT_EQ(calls, "(p(o(ii)o)p)");
}

}  // namespace
}  // namespace multiprocess::detail::os
