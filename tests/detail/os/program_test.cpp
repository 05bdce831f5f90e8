// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/program.hpp>

#include <multiprocess/detail/os/info.hpp>

#include "support/system.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace os = multiprocess::detail::os;

namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(OsProgram, WhatCannotBeExecutedIsAnError) {
  EXPECT_THROW(os::start_program({.executable = "/no/such/program", .record = bytes("!")}),
               std::system_error);
  const std::string no_program =
      testing::TempDir() + "no_program-" + std::to_string(os::current_pid());
  std::ofstream(no_program) << "text";
  EXPECT_THROW(os::start_program({.executable = no_program, .record = bytes("!")}),
               std::system_error);
  std::filesystem::remove(no_program);
}

TEST(OsProgram, TheRecordHasALimit) {
  EXPECT_THROW(os::start_program({.record = {}}), std::system_error);
  EXPECT_THROW(os::start_program({.record = bytes(std::string(5000, 'x'))}), std::system_error);
}

TEST(OsProgram, ThisProcessInheritedNothing) {
  EXPECT_FALSE(os::take_inheritance());
}

TEST(OsProgram, LoadsLibraries) {
  EXPECT_TRUE(os::load_library(multiprocess::test::some_library));
  EXPECT_FALSE(os::load_library("no_such_library"));
}

}  // namespace
