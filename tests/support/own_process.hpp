// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/process.hpp>

#include "support/deadline.hpp"

#include <gtest/gtest.h>

namespace multiprocess::test {

/// Runs `body` in a process that has not used the library yet, and in which no expectation fails.
template <class F>
void in_a_process(F body) {
  const auto live = [&body] {
    const Deadline deadline(test_limit(), "a process of its own");
    body();
    detail::os::end_process(testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(live(), testing::ExitedWithCode(0), "");
}

}  // namespace multiprocess::test
