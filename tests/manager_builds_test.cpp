// SPDX-License-Identifier: BSD-3-Clause
// A manager and its client in two executables, which share names and no code.
#include <multiprocess/manager.hpp>

#include "support/managers.hpp"
#include "support/named_calls.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace mp = multiprocess;

namespace {

class ManagerBuilds : public mp::test::Managers {};
MULTIPROCESS_FOR_EACH_START_METHOD(ManagerBuilds);

TEST_P(ManagerBuilds, MeetByNames) {
  const auto path = std::filesystem::path(testing::TempDir()) /
                    ("named_calls." + std::to_string(mp::current_process().pid()));
  mp::SyncManager manager(mp::ManagerOptions{
      .start_method = GetParam(), .address = mp::Address(path.string()), .authkey = "secret"});
  manager.start();
  EXPECT_EQ(mp::test::use_names(manager), "");
  const std::string command = std::string(MULTIPROCESS_OTHER_BUILD) + " " + path.string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
