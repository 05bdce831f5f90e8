// SPDX-License-Identifier: BSD-3-Clause
// What the start methods have in common and what not: python_parity/table.md, 1.2 and 2.2.
#include <multiprocess/multiprocess.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "support/start_methods.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

using Words = mp::Queue<std::string>;
int world = 0;

std::string all_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What an attempt to start a process before main says.
std::string early_attempt;
struct Early {
  Early() {
    if (std::getenv("START_BEFORE_MAIN") != nullptr) {
      try {
        mp::Process([] {}).start();
      } catch (const mp::RuntimeError& error) {
        early_attempt = error.what();
      }
    }
  }
} early;

class StartMethods : public mp::test::StartMethods {
 protected:
  mp::Context context() const { return mp::get_context(GetParam()); }
};

TEST_P(StartMethods, OnlyAForkedChildInheritsTheParentsMemory) {
  world = 1;
  mp::Queue<int> worlds;
  EXPECT_EQ(exitcode_of([worlds] { worlds.put(world); }), 0);
  EXPECT_EQ(worlds.get(20s), GetParam() == mp::StartMethod::fork ? 1 : 0);
  world = 0;
}

TEST_P(StartMethods, AChildKnowsHowItWasStarted) {
  Words words;
  EXPECT_EQ(exitcode_of([words] { words.put(mp::get_start_method().value()); }), 0);
  EXPECT_EQ(words.get(20s), to_string(GetParam()));
}

TEST_P(StartMethods, TheContextHasTheFactoriesAndNamesItsProcesses) {
  const mp::Context ctx = context();
  const mp::Queue<int> queue = ctx.Queue<int>();
  const mp::Lock lock = ctx.Lock();
  mp::Process p = ctx.Process(
      [queue, lock](int x) {
        const std::scoped_lock guard(lock);
        queue.put(x);
      },
      5);
  const std::string stem = GetParam() == mp::StartMethod::fork    ? "ForkProcess-"
                           : GetParam() == mp::StartMethod::spawn ? "SpawnProcess-"
                                                                  : "ForkServerProcess-";
  EXPECT_EQ(p.name().substr(0, stem.size()), stem);
  p.start();
  EXPECT_EQ(queue.get(20s), 5);
  ASSERT_TRUE(p.join(20s));
  EXPECT_NE(fmt::format("{}", p).find("stopped exitcode=0"), std::string::npos);
  EXPECT_EQ(ctx.get_start_method(), to_string(GetParam()));
  EXPECT_EQ(ctx.get_context().get_start_method(), to_string(GetParam()));
  EXPECT_THROW(ctx.set_start_method("fork"), mp::ValueError);
}

TEST_P(StartMethods, AnExplicitContextDoesNotFixTheDefault) {
  mp::set_start_method(std::nullopt, true);
  mp::Process p = context().Process([] {});
  p.start();
  p.join();
  EXPECT_EQ(mp::get_start_method(true), std::nullopt);
}

TEST_P(StartMethods, TheParentsDefaultIsTheChildrens) {
  mp::set_start_method(to_string(GetParam()), true);
  Words words;
  mp::Process p([words] {
    words.put(mp::get_start_method().value());
    mp::Process inner([words] { words.put(mp::get_start_method().value()); });
    inner.start();
    inner.join();
  });
  p.start();
  EXPECT_EQ(words.get(20s), to_string(GetParam()));
  EXPECT_EQ(words.get(20s), to_string(GetParam()));
  p.join();
  mp::set_start_method(std::nullopt, true);
}

TEST_P(StartMethods, HandlesOfEveryContextWorkInEveryChild) {
  for (const std::string& method : mp::get_all_start_methods()) {
    const mp::Context ctx = mp::get_context(method);
    const mp::Queue<int> queue = ctx.Queue<int>();
    const mp::Lock lock = ctx.Lock();
    mp::Process p = process([queue, lock] {
      const std::scoped_lock guard(lock);
      queue.put(lock.locked() ? 1 : 0);
    });
    p.start();
    EXPECT_EQ(queue.get(20s), 1) << method;
    p.join();
  }
}

TEST_P(StartMethods, AChildPassesOnWhatItReceived) {
  Words words;
  EXPECT_EQ(exitcode_of(
                [](const Words& received) {
                  mp::Process inner([received] { received.put("from the grandchild"); });
                  inner.start();
                  inner.join();
                },
                words),
            0);
  EXPECT_EQ(words.get(20s), "from the grandchild");
}

TEST_P(StartMethods, AChildIsWhereItsParentIs) {
  EXPECT_EQ(exitcode_of([] {}), 0);  // a fork server is running from now on
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path("/usr");
  Words words;
  const auto code = exitcode_of([words] { words.put(std::filesystem::current_path().string()); });
  std::filesystem::current_path(before);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(words.get(20s), "/usr");
}

TEST_P(StartMethods, TheCommandLineTellsNoSecrets) {
  Words words;
  EXPECT_EQ(exitcode_of(
                [words](const std::string&) {
                  const auto all_of = [](const char* path) {
                    std::ifstream file(path);
                    return std::string(std::istreambuf_iterator<char>(file), {});
                  };
                  words.put(all_of("/proc/self/cmdline"));
                  words.put(all_of("/proc/self/environ"));
                },
                std::string("password-4711")),
            0);
  const std::string line = words.get(20s);
  EXPECT_EQ(line.find("password-4711"), line.npos);
  EXPECT_EQ(words.get(20s).find("password-4711"), line.npos);
  if (GetParam() == mp::StartMethod::spawn) {
    EXPECT_NE(line.find("--multiprocessing-fork"), line.npos) << line;
  }
}

TEST_P(StartMethods, OnlyAForkedChildHasTheParentsDescriptors) {
  constexpr int number = 200;
  ASSERT_EQ(dup2(STDERR_FILENO, number), number);
  ASSERT_EQ(fcntl(number, F_SETFD, FD_CLOEXEC), 0);
  mp::Queue<bool> open;
  EXPECT_EQ(exitcode_of([open] { open.put(fcntl(number, F_GETFD) != -1); }), 0);
  close(number);
  EXPECT_EQ(open.get(20s), GetParam() == mp::StartMethod::fork);
}

TEST(StartMethodSpawn, AProcessThatIsStartedBeforeMainIsRefusedWithAdvice) {
  setenv("START_BEFORE_MAIN", "1", 1);
  Words words;
  mp::Process p({.start_method = mp::StartMethod::spawn}, [words] { words.put(early_attempt); });
  p.start();
  unsetenv("START_BEFORE_MAIN");
  const std::string text = words.get(20s);
  EXPECT_NE(text.find("bootstrapping phase"), text.npos) << text;
  p.join();
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
  mp::set_forkserver_preload({"no-such-library.so", "libanl.so.1"});
  Words words;
  EXPECT_EQ(exitcode_of([words] { words.put(all_of("/proc/self/maps")); }), 0);
  mp::set_forkserver_preload({});
  const std::string maps = words.get(20s);
  EXPECT_NE(maps.find("libanl.so.1"), maps.npos);
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
    const std::string text = all_of(stat);
    return text.empty() || text.find(") Z ") != text.npos;
  };
  while (!ended()) {  // it will, or the test's deadline comes
    std::this_thread::yield();
  }
}

INSTANTIATE_TEST_SUITE_P(StartMethod, ForkServer, testing::Values(mp::StartMethod::forkserver),
                         mp::test::start_method_name);

TEST(StartMethodChoice, IsSetOnce) {
  mp::set_start_method(std::nullopt, true);
  EXPECT_EQ(mp::get_start_method(true), std::nullopt);
  mp::set_start_method("spawn");
  EXPECT_THROW(mp::set_start_method("fork"), mp::RuntimeError);
  EXPECT_EQ(mp::get_start_method(), "spawn");
  mp::set_start_method("fork", true);
  EXPECT_EQ(mp::get_start_method(), "fork");
  EXPECT_THROW(mp::set_start_method("teleport", true), mp::ValueError);
  EXPECT_THROW(mp::get_context("teleport"), mp::ValueError);
  mp::set_start_method(std::nullopt, true);
  EXPECT_EQ(mp::get_start_method(), mp::get_all_start_methods().front());
}

TEST(StartMethodChoice, HandlesAreNotBytes) {
  EXPECT_THROW(mp::dumps(mp::Lock()), mp::RuntimeError);
  EXPECT_THROW(mp::dumps(mp::Queue<int>()), mp::RuntimeError);
}

TEST(StartMethodChoice, AProgramThatIsNoChildGoesOnAfterFreezeSupport) {
  mp::freeze_support();
  EXPECT_EQ(mp::current_process().name(), "MainProcess");
  EXPECT_FALSE(mp::parent_process().has_value());
  EXPECT_GE(mp::cpu_count(), 1);
}

MULTIPROCESS_FOR_EACH_START_METHOD(StartMethods);

}  // namespace
