// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/program.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

namespace os = multiprocess::detail::os;

namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// A program of the system's that shows what it was given: the record is on descriptor 3, what
/// follows on 4, and there is nothing else.
TEST(OsProgram, GivesTheHandlesInOrderAndNoOthers) {
  os::Pipe pipe = os::make_pipe();
  const int open_to_all = dup(STDIN_FILENO);
  const std::array given{pipe.write.get(), pipe.write.get()};
  const std::string script = testing::TempDir() + "program" + std::to_string(getpid());
  {
    std::FILE* const file = std::fopen(script.c_str(), "w");
    std::fputs("#!/bin/sh\nprintf %s \"$1\" >&4; test -e /proc/$$/fd/6 || printf ' alone' >&5\n",
               file);
    fchmod(fileno(file), 0700);
    std::fclose(file);
  }
  const os::Started child =
      os::start_program({.executable = script, .record = bytes("!"), .handles = given});
  pipe.write.reset();
  EXPECT_TRUE(os::wait_ended(child.sentinel.get(), os::never));
  EXPECT_EQ(os::take_exit_code(child.sentinel.get()), 0);
  const std::string expected = std::string(os::child_argument) + " alone";
  std::string text(expected.size(), '\0');
  EXPECT_TRUE(os::read_all(pipe.read.get(), std::as_writable_bytes(std::span(text))));
  EXPECT_EQ(text, expected);
  close(open_to_all);
  unlink(script.c_str());
}

}  // namespace
