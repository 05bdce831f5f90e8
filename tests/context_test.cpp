// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/context.hpp>

#include <multiprocess/detail/os/process.hpp>

#include "support/start_methods.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace mp = multiprocess;
using mp::test::plenty;

namespace {

using Words = mp::Queue<std::string>;

class ContextTest : public mp::test::StartMethods {
 protected:
  void SetUp() override { mp::set_start_method(std::nullopt, true); }
  void TearDown() override {
    mp::set_start_method(std::nullopt, true);
    StartMethods::TearDown();
  }

  mp::Context context() const { return mp::get_context(GetParam()); }
  std::string method() const { return std::string(to_string(GetParam())); }
};
MULTIPROCESS_FOR_EACH_START_METHOD(ContextTest);

void tell_method(Words out) {
  out.put(*mp::get_start_method());
  out.put(mp::current_process().name());
}

TEST_P(ContextTest, ItsProcessesAreStartedWithItsMethod) {
  const Words words = context().Queue<std::string>();
  mp::Process p = context().Process(tell_method, words);
  p.start();
  EXPECT_EQ(words.get(plenty), method());
  const std::string name = words.get(plenty);
  EXPECT_EQ(name, p.name());
  const std::string classes[] = {"ForkProcess-", "SpawnProcess-", "ForkServerProcess-"};
  EXPECT_TRUE(name.starts_with(classes[static_cast<int>(GetParam())])) << name;
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(mp::get_start_method(true), std::nullopt);
}

TEST_P(ContextTest, TheChosenMethodIsEverybodysFromThenOn) {
  mp::set_start_method(method());
  EXPECT_EQ(mp::get_start_method(), method());
  EXPECT_THROW(mp::set_start_method("spawn"), mp::RuntimeError);
  const Words words;
  mp::Process p(tell_method, words);
  p.start();
  EXPECT_EQ(words.get(plenty), method());
  EXPECT_EQ(words.get(plenty).substr(0, 8), "Process-");
  EXPECT_TRUE(p.join(plenty));
}

TEST_P(ContextTest, KnowsItsMethod) {
  EXPECT_EQ(context().get_start_method(), method());
  EXPECT_EQ(context().get_context(), context());
  EXPECT_EQ(context(), mp::get_context(method()));
  EXPECT_NE(context(), mp::get_context());
  EXPECT_THROW(context().set_start_method("spawn"), mp::ValueError);
  EXPECT_THROW(context().set_start_method(GetParam(), true), mp::ValueError);
  const std::string name = method() == "fork"    ? "Fork"
                           : method() == "spawn" ? "Spawn"
                                                 : "ForkServer";
  EXPECT_TRUE(fmt::format("{}", context())
                  .starts_with("<multiprocess.context." + name + "Context object at 0x"));
}

TEST_P(ContextTest, HasEverythingUnderItsName) {
  const mp::Context ctx = context();
  EXPECT_EQ(ctx.Process({.name = "named"}, [] {}).name(), "named");
  mp::ProcessOptions options{.name = "idle"};
  EXPECT_EQ(ctx.Process(options).name(), "idle");
  EXPECT_EQ(ctx.Process(options, [] {}).name(), "idle");
  EXPECT_FALSE(ctx.Process().name().empty());
  EXPECT_TRUE(ctx.Lock().acquire());
  EXPECT_TRUE(ctx.RLock().acquire());
  EXPECT_EQ(ctx.Semaphore().get_value(), 1);
  EXPECT_EQ(ctx.Semaphore(3u).get_value(), 3);
  EXPECT_THROW(ctx.BoundedSemaphore().release(), mp::ValueError);
  EXPECT_FALSE(ctx.Event().is_set());
  const mp::Lock lock;
  EXPECT_TRUE(ctx.Condition().acquire() && ctx.Condition(lock).acquire());
  EXPECT_TRUE(lock.locked() && ctx.Condition(ctx.RLock()).acquire());
  EXPECT_EQ(ctx.Barrier(1).wait(), 0);
  EXPECT_EQ(ctx.Barrier(
                   2, [] {}, mp::forever)
                .parties(),
            2);
  ctx.Queue<int>(1).put(1);
  EXPECT_FALSE(ctx.JoinableQueue<int>(1).full());
  EXPECT_TRUE(ctx.JoinableQueue().join());
  EXPECT_TRUE(ctx.SimpleQueue<int>().empty());
  EXPECT_TRUE(ctx.SimpleQueue().empty());
  EXPECT_EQ(ctx.cpu_count(), mp::cpu_count());
  EXPECT_EQ(ctx.hardware_cpu_count(), mp::hardware_cpu_count());
  EXPECT_EQ(ctx.current_process(), mp::current_process());
  EXPECT_FALSE(ctx.parent_process());
  EXPECT_TRUE(ctx.active_children().empty());
  EXPECT_EQ(&ctx.get_logger(), &mp::get_logger());
  ctx.freeze_support();
  auto [reader, writer] = ctx.Pipe(false);
  writer.send(7);
  EXPECT_EQ(reader.recv<int>(), 7);
  EXPECT_THROW(reader.send(7), std::system_error);
  EXPECT_TRUE(ctx.Pipe().first.writable());
}

TEST_P(ContextTest, HasSharedValuesUnderTheirNames) {
  const mp::Context ctx = context();
  const mp::Lock lock;
  EXPECT_EQ(ctx.Value<int>().value(), 0);
  EXPECT_EQ(ctx.Value<int>(5).value(), 5);
  EXPECT_EQ(ctx.Value(2.5).value(), 2.5);
  EXPECT_EQ((ctx.Value<int, mp::Lock>({.lock = lock}, 5).get_lock()), lock);
  EXPECT_EQ(ctx.RawValue<int>().value(), 0);
  EXPECT_EQ(ctx.RawValue<int>(5).value(), 5);
  EXPECT_EQ(ctx.RawValue(2.5).value(), 2.5);

  const std::vector<double> halves{0.5, 1.5};
  EXPECT_EQ(ctx.Array<int>(3).to_vector(), std::vector<int>(3));
  EXPECT_EQ(ctx.Array<int>({1, 2}).to_vector(), (std::vector{1, 2}));
  EXPECT_EQ(ctx.Array<double>(halves).to_vector(), halves);
  EXPECT_EQ(ctx.Array(halves).to_vector(), halves);
  EXPECT_EQ(ctx.Array<char>("hello").value(), "hello");
  EXPECT_EQ((ctx.Array<double, mp::Lock>({.lock = lock}, halves).get_lock()), lock);
  EXPECT_EQ(ctx.RawArray<int>(3).size(), 3);
  EXPECT_EQ(ctx.RawArray<int>({1, 2})[1], 2);
  EXPECT_EQ(ctx.RawArray<double>(halves)[1], 1.5);
  EXPECT_EQ(ctx.RawArray(halves)[1], 1.5);
}

std::string own_method() {
  return *mp::get_start_method();
}
void say(const Words& out, const std::string& word) {
  out.put(word);
}

TEST_P(ContextTest, ItsPoolsAreStartedWithItsMethod) {
  const mp::Context ctx = context();
  const Words words;
  const mp::PoolOptions options{.processes = 1};
  EXPECT_EQ(ctx.Pool(1).apply(own_method), method());
  EXPECT_EQ(ctx.Pool(options).apply(own_method), method());
  EXPECT_EQ(ctx.Pool({.processes = 1}).apply(own_method), method());
  EXPECT_EQ(ctx.Pool(1u, say, words, "a").apply(own_method), method());
  EXPECT_EQ(words.get(plenty), "a");
  EXPECT_EQ(ctx.Pool(options, say, words, "b").apply(own_method), method());
  EXPECT_EQ(words.get(plenty), "b");
  EXPECT_THROW(ctx.Pool(0), mp::ValueError);
  mp::Pool all = ctx.Pool();
  EXPECT_EQ(all.pids().size(), static_cast<std::size_t>(mp::cpu_count()));
  EXPECT_EQ(all.apply(own_method), method());
  EXPECT_EQ(mp::get_start_method(true), std::nullopt);
}

TEST_P(ContextTest, ItsManagersAreStartedWithItsMethod) {
  const mp::SyncManager manager = context().Manager();
  const auto list = manager.list<int>({1});
  EXPECT_EQ(list.apply([](std::vector<int>&) { return own_method(); }), method());
  EXPECT_EQ(mp::get_start_method(true), std::nullopt);
}

TEST_P(ContextTest, NamesTheProgramOfSpawnedChildren) {
  const mp::Context ctx = context();
  ctx.set_executable("/no/such/program");
  mp::Process p = mp::get_context("spawn").Process([] {});
  EXPECT_THROW(p.start(), std::system_error);
  ctx.set_executable("");
  p.start();
  EXPECT_TRUE(p.join(plenty));
}

TEST_P(ContextTest, LetsTheLoggerWriteToStandardError) {
  const mp::Context ctx = context();
  const auto said = [&ctx](auto... level) {
    testing::internal::CaptureStderr();
    ctx.log_to_stderr(level...).info("hello");
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said("INFO"), "[INFO/MainProcess] hello\n");
  EXPECT_EQ(said(mp::WARNING), "");
  EXPECT_EQ(said(), "");
  EXPECT_THROW(ctx.log_to_stderr("LOUD"), mp::ValueError);
  mp::get_logger().set_level(mp::NOTSET);
  mp::get_logger().set_sink({});
}

TEST(StartMethods, AskingForTheDefaultFixesIt) {
  mp::set_start_method(std::nullopt, true);
  EXPECT_EQ(mp::get_start_method(true), std::nullopt);
  EXPECT_EQ(mp::get_start_method(), mp::get_all_start_methods().front());
  EXPECT_THROW(mp::set_start_method("spawn"), mp::RuntimeError);
  mp::set_start_method(mp::StartMethod::spawn, true);
  EXPECT_EQ(mp::get_context().get_start_method(), "spawn");
  EXPECT_THROW(mp::get_context().set_start_method(mp::StartMethod::spawn), mp::RuntimeError);
  mp::get_context().set_start_method(mp::StartMethod::spawn, true);
  mp::set_start_method(std::nullopt, true);
}

TEST(StartMethods, AreNamedAsInPython) {
  const std::vector<std::string> all{"fork", "spawn", "forkserver"};
  EXPECT_EQ(mp::get_all_start_methods(),
            mp::detail::os::can_fork() ? all : std::vector<std::string>{"spawn"});
  try {
    mp::get_context("sp00n");
    FAIL();
  } catch (const mp::ValueError& error) {
    EXPECT_STREQ(error.what(), "cannot find context for 'sp00n'");
  }
  EXPECT_THROW(mp::set_start_method("", true), mp::ValueError);
}

TEST(ForkServer, PassesOverWhatItCannotLoad) {
  if (!multiprocess::test::can_fork) {
    GTEST_SKIP() << "needs a fork server";
  }
  mp::set_forkserver_preload({"libno_such_library.so", "libm.so.6"});
  mp::Process p = mp::get_context("forkserver").Process([] {});
  p.start();
  EXPECT_TRUE(p.join(plenty));
  EXPECT_EQ(p.exitcode(), 0);
  mp::set_forkserver_preload({});
  mp::detail::stop_server();
}

}  // namespace
