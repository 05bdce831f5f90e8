// SPDX-License-Identifier: BSD-3-Clause
#include "support/deadline.hpp"
#include "support/leftovers.hpp"
#include "support/sanitizer.hpp"

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/process.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <thread>

namespace multiprocess::test {
namespace {

/// Gives every test a deadline, and fails the test that leaves something behind.
class Referee : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& test) override {
    before_ = take_inventory();
    deadline_.emplace(test_limit(), std::string(test.test_suite_name()) + "." + test.name());
  }

  void OnTestEnd(const testing::TestInfo&) override {
    if (detail::os::current_pid() != runner_) {
      std::fputs("A child of a test came back into the test runner.\n", stderr);
      detail::os::end_process(125);
    }
    deadline_.reset();
    for (const std::string& thing : leftovers(before_)) {
      ADD_FAILURE() << "left behind: " << thing;
    }
  }

  const int runner_ = detail::os::current_pid();
  Inventory before_;
  std::optional<Deadline> deadline_;
};

}  // namespace
}  // namespace multiprocess::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (multiprocess::test::under_thread_sanitizer) {
    std::thread([] {}).join();  // the sanitizer starts a thread of its own with our first one
  }
  testing::UnitTest::GetInstance()->listeners().Append(new multiprocess::test::Referee);
  return RUN_ALL_TESTS();
}
