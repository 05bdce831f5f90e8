// SPDX-License-Identifier: BSD-3-Clause
// What is true of fork and of the fork server only: python_parity/table.md, 1.2 and 2.2.
#include <multiprocess/multiprocess.hpp>

#include <multiprocess/detail/os/program.hpp>

#include "support/child.hpp"
#include "support/environment.hpp"
#include "support/start_methods.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

using Words = mp::Queue<std::string>;

class StartMethods : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(StartMethods);

TEST_P(StartMethods, OnlyAForkedChildHasTheParentsDescriptors) {
  constexpr int number = 200;
  ASSERT_EQ(dup2(STDERR_FILENO, number), number);
  ASSERT_EQ(fcntl(number, F_SETFD, FD_CLOEXEC), 0);
  mp::Queue<bool> open;
  EXPECT_EQ(exitcode_of([open] { open.put(fcntl(number, F_GETFD) != -1); }), 0);
  close(number);
  EXPECT_EQ(open.get(20s), GetParam() == mp::StartMethod::fork);
}

TEST(StartMethodSpawn, DescriptorsThatAreNotOpenAreAnError) {
  testing::internal::CaptureStderr();
  mp::test::Child child([] {
    setenv("MULTIPROCESS_INHERITED_DESCRIPTORS", "900", 1);
    execl("/proc/self/exe", "program", mp::detail::os::child_argument, nullptr);
  });
  EXPECT_EQ(child.wait(), 1);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("This child process cannot begin"), std::string::npos) << text;
}

TEST(StartMethodFork, IsWarnedOfWhileThreadsRun) {
  mp::Logger& logger = mp::get_logger();
  std::string warnings;
  logger.set_sink([&](const mp::LogRecord& record) { warnings += record.message; });
  mp::Lock held;
  held.acquire();
  std::thread thread([&] { held.acquire(20s); });
  mp::Process p({.start_method = mp::StartMethod::fork}, [] {});
  p.start();
  p.join();
  held.release();
  thread.join();
  logger.set_sink({});
  EXPECT_NE(warnings.find("multi-threaded"), warnings.npos) << warnings;
}

class ForkServer : public mp::test::StartMethods {
 protected:
  mp::Queue<int> numbers_;
};

TEST_P(ForkServer, ServesTheChildrensChildrenAndIgnoresInterrupts) {
  const auto tell_server = [](const mp::Queue<int>& numbers) { numbers.put(getppid()); };
  const auto both = [tell_server](const mp::Queue<int>& numbers) {
    tell_server(numbers);
    mp::Process inner(tell_server, numbers);
    inner.start();
    inner.join();
  };
  EXPECT_EQ(exitcode_of(both, numbers_), 0);
  const int server = numbers_.get(20s);
  EXPECT_NE(server, getpid());
  EXPECT_EQ(numbers_.get(20s), server);
  EXPECT_EQ(kill(server, SIGINT), 0);
  EXPECT_EQ(exitcode_of(tell_server, numbers_), 0);
  EXPECT_EQ(numbers_.get(20s), server);
}

TEST_P(ForkServer, WhoseDeathLeavesItsChildrenAliveAndADeathBySignalUnknown) {
  mp::Queue<int> hold;
  const auto target = [hold](const mp::Queue<int>& numbers) {
    numbers.put(getppid());
    hold.get(20s);
  };
  mp::Process ends = start(target, numbers_);
  mp::Process is_killed = start(target, numbers_);
  const int server = numbers_.get(20s);
  EXPECT_EQ(numbers_.get(20s), server);
  EXPECT_EQ(kill(server, SIGKILL), 0);
  is_killed.kill();
  EXPECT_TRUE(is_killed.join(20s));
  EXPECT_EQ(is_killed.exitcode(), 255);
  EXPECT_TRUE(ends.is_alive());
  hold.put(1);
  EXPECT_TRUE(ends.join(20s));
  EXPECT_EQ(ends.exitcode(), 0);
}

TEST_P(ForkServer, TakesTwoHundredDescriptorsForAChildAndRefusesThreeHundred) {
  std::vector<mp::Fd> descriptors;
  while (descriptors.size() < 200) {
    descriptors.push_back(mp::Fd::duplicate(STDERR_FILENO));
  }
  const auto target = [](const std::vector<mp::Fd>& fds) {
    mp::exit(std::ranges::none_of(fds, &mp::Fd::closed) ? 0 : 1);
  };
  EXPECT_EQ(exitcode_of(target, descriptors), 0);
  while (descriptors.size() < 300) {
    descriptors.push_back(mp::Fd::duplicate(STDERR_FILENO));
  }
  EXPECT_THROW(start(target, descriptors), mp::ValueError);
}

TEST_P(ForkServer, LoadsLibrariesAndSkipsUnknownOnes) {
  const auto maps_of_a_child = [this] {
    Words words;
    EXPECT_EQ(exitcode_of([words] { words.put(mp::test::all_of("/proc/self/maps")); }), 0);
    mp::detail::stop_server();
    return words.get(20s);
  };
  mp::set_forkserver_preload({"no-such-library.so", "libanl.so.1"});
  EXPECT_NE(maps_of_a_child().find("libanl.so.1"), std::string::npos);
  mp::set_forkserver_preload({});
  EXPECT_EQ(maps_of_a_child().find("libanl.so.1"), std::string::npos);
  mp::get_context(GetParam()).set_forkserver_preload({"libanl.so.1"});
  EXPECT_NE(maps_of_a_child().find("libanl.so.1"), std::string::npos);
  mp::set_forkserver_preload({});
}

TEST_P(ForkServer, EndsWhenNobodyIsLeftToUseIt) {
  mp::Process p(
      {.start_method = mp::StartMethod::spawn},
      [](const mp::Queue<int>& numbers) {
        mp::Process inner({.start_method = mp::StartMethod::forkserver},
                          [numbers] { numbers.put(getppid()); });
        inner.start();
        inner.join();
      },
      numbers_);
  p.start();
  ASSERT_TRUE(p.join(20s));
  const std::string stat = fmt::format("/proc/{}/stat", numbers_.get(20s));
  const auto ended = [&] {
    const std::string text = mp::test::all_of(stat);
    return text.empty() || text.find(") Z ") != text.npos;
  };
  while (!ended()) {  // it will, or the test's deadline comes
    std::this_thread::yield();
  }
}

INSTANTIATE_TEST_SUITE_P(StartMethod, ForkServer, testing::Values(mp::StartMethod::forkserver),
                         mp::test::start_method_name);

}  // namespace
