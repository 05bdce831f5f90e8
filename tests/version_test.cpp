// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/version.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Version, TextAndNumbersAgree) {
  EXPECT_EQ(std::string(MULTIPROCESS_VERSION), std::to_string(MULTIPROCESS_VERSION_MAJOR) + "." +
                                                   std::to_string(MULTIPROCESS_VERSION_MINOR) +
                                                   "." +
                                                   std::to_string(MULTIPROCESS_VERSION_PATCH));
}

}  // namespace
