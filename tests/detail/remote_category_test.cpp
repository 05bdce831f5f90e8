// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/remote_category.hpp>

#include <gtest/gtest.h>

#include <ios>
#include <thread>
#include <vector>

using multiprocess::detail::remote_category;

namespace {

TEST(RemoteCategory, IsTheStandardOneOfThatName) {
  EXPECT_EQ(&remote_category("generic", 2, "whatever"), &std::generic_category());
  EXPECT_EQ(&remote_category("iostream", 1, ""), &std::iostream_category());
}

TEST(RemoteCategory, StandsForOneThatIsNotHere) {
  const std::error_category& category = remote_category("soup", 7, "too salty");
  EXPECT_STREQ(category.name(), "soup");
  EXPECT_EQ(category.message(7), "too salty");
  EXPECT_EQ(category.message(8), "error 8 of category soup");
  EXPECT_EQ(&remote_category("soup", 8, "too hot"), &category);
  EXPECT_EQ(category.message(8), "too hot");
  EXPECT_NE(std::error_code(7, category), std::errc::argument_list_too_long);  // errno 7
}

TEST(RemoteCategory, IsTheSameForAllThreads) {
  std::vector<const std::error_category*> seen(8);
  std::vector<std::thread> threads;
  for (auto& category : seen) {
    threads.emplace_back([&] { category = &remote_category("race", 1, "lost"); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const auto* category : seen) {
    EXPECT_EQ(category, seen.front());
  }
}

}  // namespace
