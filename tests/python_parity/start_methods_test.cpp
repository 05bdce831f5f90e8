// SPDX-License-Identifier: BSD-3-Clause
// What the start methods have in common and what not: python_parity/table.md, 1.2 and 2.2.
#include <multiprocess/multiprocess.hpp>

#include "support/environment.hpp"
#include "support/start_methods.hpp"

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>

namespace mp = multiprocess;
using namespace std::chrono_literals;

namespace {

using Words = mp::Queue<std::string>;
int world = 0;

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
  const auto elsewhere = std::filesystem::canonical(std::filesystem::temp_directory_path());
  std::filesystem::current_path(elsewhere);
  Words words;
  const auto code = exitcode_of([words] { words.put(std::filesystem::current_path().string()); });
  std::filesystem::current_path(before);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(words.get(20s), elsewhere.string());
}

TEST_P(StartMethods, TheCommandLineTellsNoSecrets) {
  Words words;
  EXPECT_EQ(exitcode_of(
                [words](const std::string&) {
                  words.put(mp::test::own_command_line());
                  words.put(mp::test::own_variables());
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

TEST(StartMethodSpawn, AProcessThatIsStartedBeforeMainIsRefusedWithAdvice) {
  mp::test::set_variable("START_BEFORE_MAIN", "1");
  Words words;
  mp::Process p({.start_method = mp::StartMethod::spawn}, [words] { words.put(early_attempt); });
  p.start();
  mp::test::unset_variable("START_BEFORE_MAIN");
  const std::string text = words.get(20s);
  EXPECT_NE(text.find("bootstrapping phase"), text.npos) << text;
  p.join();
}

TEST(StartMethodChoice, IsSetOnce) {
  mp::set_start_method(std::nullopt, true);
  EXPECT_EQ(mp::get_start_method(true), std::nullopt);
  const std::string other = mp::get_all_start_methods().front();
  mp::set_start_method("spawn");
  EXPECT_THROW(mp::set_start_method(other), mp::RuntimeError);
  EXPECT_EQ(mp::get_start_method(), "spawn");
  mp::set_start_method(other, true);
  EXPECT_EQ(mp::get_start_method(), other);
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
