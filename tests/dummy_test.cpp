// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/dummy.hpp>

#include "support/latch.hpp"
#include "support/start_methods.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>

namespace multiprocess {
namespace {

using namespace std::chrono_literals;
using test::plenty;

std::string text_of(const auto& call) {
  try {
    call();
  } catch (const RuntimeError& error) {
    return error.what();
  }
  return "no RuntimeError was thrown";
}

TEST(Dummy, AProcessIsAThread) {
  int x = 0;
  std::thread::id id;
  dummy::Process process([&](std::unique_ptr<int> p) { x = *p, id = std::this_thread::get_id(); },
                         std::make_unique<int>(7));
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exitcode(), std::nullopt);
  EXPECT_EQ(process.ident(), 0);
  process.start();
  EXPECT_NE(process.ident(), 0);
  EXPECT_TRUE(process.join());
  EXPECT_TRUE(process.join());
  EXPECT_EQ(process.exitcode(), 0);
  EXPECT_EQ(x, 7);
  EXPECT_NE(id, std::this_thread::get_id());
}

TEST(Dummy, JoinGivesUpInTime) {
  dummy::Event go;
  dummy::Process process([&] { go.wait(plenty); });
  process.start();
  EXPECT_FALSE(process.join(1ms));
  EXPECT_TRUE(process.is_alive());
  EXPECT_EQ(process.exitcode(), std::nullopt);
  go.set();
  EXPECT_TRUE(process.join(plenty));
  EXPECT_FALSE(process.is_alive());
}

TEST(Dummy, NamesAndDaemons) {
  const dummy::Process first;
  EXPECT_EQ(first.name().substr(0, 7), "Thread-");
  EXPECT_FALSE(first.daemon());
  std::string seen;
  bool daemon = false;
  dummy::Process named({.name = "worker", .daemon = true}, [&] {
    seen = dummy::current_process().name();
    daemon = dummy::Process().daemon();
  });
  named.start();
  EXPECT_EQ(text_of([&] { named.set_daemon(false); }), "cannot set daemon status of active thread");
  named.join();
  EXPECT_EQ(seen, "worker");
  EXPECT_TRUE(daemon);
  named.set_name("renamed");
  EXPECT_EQ(named.name(), "renamed");
  EXPECT_EQ(dummy::current_process().name(), "MainThread");
  EXPECT_EQ(dummy::current_process(), dummy::current_process());
}

TEST(Dummy, WhatDoesNotFitIsARuntimeError) {
  dummy::Process process([] {});
  EXPECT_EQ(text_of([&] { process.join(); }), "cannot join thread before it is started");
  std::string text;
  dummy::Process other([&] { text = text_of([&] { process.start(); }); });
  other.start();
  other.join();
  EXPECT_EQ(text.substr(0, 30), "Parent is <_MainThread(MainThr") << text;
  process.start();
  EXPECT_EQ(text_of([&] { process.start(); }), "threads can only be started once");
  process.join();
  dummy::Process itself([&] { text = text_of([] { dummy::current_process().join(); }); });
  itself.start();
  itself.join();
  EXPECT_EQ(text, "cannot join current thread");
}

TEST(Dummy, ChildrenAreThoseOfTheThread) {
  EXPECT_TRUE(dummy::active_children().empty());
  multiprocess::test::Latch go(1);
  dummy::Process process([&] {
    EXPECT_TRUE(dummy::active_children().empty());
    go.wait();
  });
  process.start();
  EXPECT_EQ(dummy::active_children(), std::vector<dummy::Process>{process});
  go.count_down();
  process.join();
  EXPECT_TRUE(dummy::active_children().empty());
}

TEST(Dummy, ExceptionsArePrintedAndTheExitCodeIsZero) {
  testing::internal::CaptureStderr();
  dummy::Process process({.name = "worker"}, [] { throw ValueError("boom"); });
  process.start();
  process.join();
  dummy::Process leaves([] { exit(3); });
  leaves.start();
  leaves.join();
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_EQ(printed.find("Exception in thread worker:"), 0U) << printed;
  EXPECT_NE(printed.find("ValueError: boom"), std::string::npos) << printed;
  EXPECT_EQ(printed.find("SystemExit"), std::string::npos) << printed;
  EXPECT_EQ(process.exitcode(), 0);
  EXPECT_EQ(leaves.exitcode(), 0);
}

TEST(Dummy, AThreadGoesOnWithoutItsObject) {
  multiprocess::test::Latch go(1);
  multiprocess::test::Latch ended(1);
  {
    dummy::Process process([&] {
      go.wait();
      ended.count_down();
    });
    process.start();
  }
  go.count_down();
  ended.wait();
}

TEST(Dummy, TheTargetGoesBeforeTheThreadHasEnded) {
  auto held = std::make_shared<int>(1);
  dummy::Process process([held] {});
  process.start();
  process.join();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Dummy, PrintsAsPythonDoes) {
  dummy::Process process({.name = "p", .daemon = true});
  EXPECT_EQ(fmt::format("{}", process), "<DummyProcess(p, initial daemon)>");
  process.start();
  process.join();
  EXPECT_EQ(fmt::format("{}", process),
            fmt::format("<DummyProcess(p, stopped daemon {})>", process.ident()));
  EXPECT_EQ(fmt::format("{}", dummy::current_process()),
            fmt::format("<_MainThread(MainThread, started {})>", dummy::current_process().ident()));
}

TEST(Dummy, PrintsOnStreams) {
  const dummy::Process process;
  std::ostringstream text;
  text << process;
  EXPECT_EQ(text.str(), fmt::format("{}", process));
}

TEST(DummyDeathTest, TheProgramWaitsForThreadsThatAreNoDaemons) {
  const auto program = [](bool daemon) {
    static auto& exiting = *new multiprocess::test::Latch(1);  // daemons outlive what is static
    static dummy::Process process({.daemon = daemon}, [] {
      exiting.wait();
      std::fputs("the thread has ended\n", stderr);
    });
    at_exit([] { std::fputs("exit calls\n", stderr); });
    process.start();
    std::thread([] {
      std::this_thread::sleep_for(20ms);  // so that a program that does not wait is found out
      exiting.count_down();
    }).detach();
    std::exit(0);
  };
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(program(false), testing::ExitedWithCode(0), "the thread has ended\nexit calls");
  EXPECT_EXIT(program(true), testing::ExitedWithCode(0), "^exit calls");
}

/// The same program on processes and on threads: the namespace is all that differs.
template <class Process, class Queue, class Lock>
int sum_of_squares() {
  const Queue tasks;
  const Queue results;
  const Lock lock;
  Process worker([tasks, results, lock] {
    for (const int n : tasks) {
      const std::scoped_lock held(lock);
      results.put(n * n);
    }
  });
  worker.start();
  for (const int n : {1, 2, 3}) {
    tasks.put(n);
  }
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    sum += results.get(plenty);
  }
  tasks.shutdown();
  worker.join();
  return worker.exitcode() == 0 ? sum : -1;
}

TEST(Dummy, AProgramSwitchesByTheNamespace) {
  EXPECT_EQ((sum_of_squares<Process, Queue<int>, Lock>()), 14);
  EXPECT_EQ((sum_of_squares<dummy::Process, dummy::Queue<int>, dummy::Lock>()), 14);
}

TEST(Dummy, ThePrimitivesServeThreads) {
  const dummy::Condition changed;
  const dummy::Barrier meet(2);
  const dummy::Value<int> value(0);
  auto [here, there] = dummy::Pipe();
  dummy::Process other([changed, meet, value, there = there] {
    const int got = there.recv<int>();
    meet.wait();
    const std::scoped_lock lock(changed);
    value.set_value(got);
    changed.notify_all();
  });
  other.start();
  here.send(5);
  meet.wait();
  {
    std::unique_lock lock(changed);
    EXPECT_TRUE(changed.wait_for([&] { return value.value() == 5; }, plenty));
  }
  other.join();
  static_assert(std::is_same_v<dummy::Pool, ThreadPool>);
  EXPECT_EQ(dummy::Pool(1).apply([](int n) { return n + 1; }, 1), 2);
}

}  // namespace
}  // namespace multiprocess
