// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace multiprocess::test {

/// Ends the test that calls it: it is left out, for this reason.
[[noreturn]] inline void skip(const std::string& reason) {
  const testing::TestPartResult result(testing::TestPartResult::kSkip, nullptr, -1, reason.c_str());
  testing::internal::AssertHelper(result.type(), "", -1, reason.c_str()) = testing::Message();
  throw testing::AssertionException(result);
}

}  // namespace multiprocess::test
