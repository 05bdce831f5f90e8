// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/daemon.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>

namespace os = multiprocess::detail::os;
namespace fs = std::filesystem;
using multiprocess::test::Child;

namespace {

struct Facts {
  int pid;
  int session;
  int parent;
  bool in_root;
  bool without_streams;
  bool deaf;
};

bool ignores(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

Facts facts() {
  const auto is_nothing = [](int stream) {
    return fs::read_symlink("/proc/self/fd/" + std::to_string(stream)) == "/dev/null";
  };
  return {getpid(),
          getsid(0),
          getppid(),
          fs::current_path() == "/",
          is_nothing(0) && is_nothing(1) && is_nothing(2),
          ignores(SIGINT) && ignores(SIGTERM) && ignores(SIGHUP)};
}

TEST(Daemon, StandsAloneAndItsStarterHasNothingToWaitFor) {
  const os::Pipe pipe = os::make_pipe();
  Child started([&] {
    os::Handle waiting = os::become_daemon();
    const Facts found = facts();
    os::write_all(pipe.write.get(), std::as_bytes(std::span(&found, 1)));
    os::daemon_is_ready(std::move(waiting));
  });
  const int number = started.pid();
  EXPECT_EQ(started.wait(), 0);
  Facts found{};
  ASSERT_TRUE(os::read_all(pipe.read.get(), std::as_writable_bytes(std::span(&found, 1))));
  EXPECT_NE(found.pid, number);
  EXPECT_EQ(found.session, found.pid);
  EXPECT_NE(found.parent, getpid());
  EXPECT_TRUE(found.in_root);
  EXPECT_TRUE(found.without_streams);
  EXPECT_TRUE(found.deaf);
}

TEST(Daemon, ThatEndsBeforeItIsReadyIsAFailure) {
  Child started([] {
    os::become_daemon();
    _exit(0);
  });
  EXPECT_EQ(started.wait(), 1);
}

/// A program of the system's in place of one that becomes a daemon.
bool start(const std::string& command) {
  const std::string script = testing::TempDir() + "daemon" + std::to_string(getpid());
  {
    std::FILE* const file = std::fopen(script.c_str(), "w");
    std::fprintf(file, "#!/bin/sh\n%s\n", command.c_str());
    fchmod(fileno(file), 0700);
    std::fclose(file);
  }
  const bool ready = os::start_daemon({.executable = script, .record = std::array<std::byte, 1>{}});
  unlink(script.c_str());
  return ready;
}

TEST(Daemon, IsReadyWhenItsProgramSaysSo) {
  EXPECT_TRUE(start("exit 0"));
  EXPECT_FALSE(start("exit 1"));
  EXPECT_FALSE(start("kill -9 $$"));
}

}  // namespace
