// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/manager.hpp>

#include <multiprocess/event.hpp>
#include <multiprocess/exit.hpp>
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/managers.hpp"
#include "support/system.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::plenty;

namespace {

static_assert(std::is_nothrow_move_constructible_v<mp::SyncManager>);
static_assert(!std::is_copy_constructible_v<mp::SyncManager>);

class Manager : public mp::test::Managers {
 protected:
  mp::ManagerOptions method() const { return {.start_method = GetParam()}; }
};

/// The one child of this process: the server.
mp::Process server() {
  std::vector<mp::Process> children = mp::active_children();
  EXPECT_EQ(children.size(), 1u);
  return std::move(children.at(0));
}

TEST_P(Manager, ServesAndShutsDown) {
  mp::SyncManager manager(method());
  manager.start();
  EXPECT_EQ(manager.number_of_objects(), 0u);
  const auto list = manager.list<int>({1, 2});
  EXPECT_EQ(manager.number_of_objects(), 1u);
  mp::Process process = server();
  EXPECT_EQ(process.name().substr(0, 12), "SyncManager-");
  EXPECT_FALSE(process.daemon()) << "it may have children";
  manager.shutdown();
  EXPECT_TRUE(manager.join(0s));
  EXPECT_TRUE(mp::active_children().empty());
  EXPECT_EQ(process.exitcode(), 0);
  manager.shutdown();
  EXPECT_THROW(list.size(), std::system_error);
}

TEST_P(Manager, GoesThroughItsStates) {
  mp::SyncManager manager(method());
  EXPECT_THROW(manager.list<int>(), mp::AssertionError) << "server not yet started";
  EXPECT_THROW(static_cast<void>(manager.number_of_objects()), mp::AssertionError);
  EXPECT_THROW(manager.shutdown(), mp::AttributeError);
  EXPECT_THROW(manager.connect(), std::system_error);
  EXPECT_TRUE(manager.join(0s)) << "there is nothing to wait for";
  manager.start();
  EXPECT_THROW(manager.start(), mp::ProcessError);
  EXPECT_THROW(manager.get_server(), mp::ProcessError);
  EXPECT_FALSE(manager.join(0s));
  manager.shutdown();
  EXPECT_THROW(manager.start(), mp::ProcessError);
  EXPECT_THROW(manager.get_server(), mp::ProcessError);
  EXPECT_THROW(manager.list<int>(), mp::AssertionError);
}

class ShopManager : public mp::BaseManager {
 public:
  using BaseManager::BaseManager;
};

TEST_P(Manager, NamesItsProcessAfterItsClass) {
  ShopManager manager(method());
  manager.start();
  EXPECT_EQ(server().name().substr(0, 12), "ShopManager-");
}

TEST_P(Manager, EndsWithItsObject) {
  { const mp::SyncManager manager = this->manager(); }
  EXPECT_TRUE(mp::active_children().empty());
  mp::SyncManager first = manager();
  mp::SyncManager second = std::move(first);
  EXPECT_EQ(mp::active_children().size(), 1u);
  second = manager();
  EXPECT_EQ(mp::active_children().size(), 1u) << "the one before has ended";
}

TEST(ManagerObject, SaysThatItWasMovedFrom) {
  mp::SyncManager first;
  const mp::SyncManager second = std::move(first);
  EXPECT_THROW(first.start(), mp::ValueError);
  EXPECT_THROW(first.list<int>(), mp::ValueError);
  EXPECT_THROW(first.address(), mp::ValueError);
  EXPECT_THROW(first.shutdown(), mp::ValueError);
}

TEST_P(Manager, RunsTheInitializerBeforeItServes) {
  mp::SyncManager manager(method());
  const mp::Queue<std::string> said;
  manager.start(
      [](const mp::Queue<std::string>& queue, const std::string& text) { queue.put(text); }, said,
      "ready");
  EXPECT_EQ(said.get(true, plenty), "ready");
  EXPECT_EQ(manager.number_of_objects(), 0u);
}

TEST_P(Manager, TellsOfAnInitializerThatThrows) {
  mp::SyncManager manager(method());
  testing::internal::CaptureStderr();
  std::chrono::nanoseconds fastest = std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) {  // the machine may have other things to do
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_THROW(manager.start([] { throw std::runtime_error("no"); }), mp::EOFError);
    fastest = std::min(fastest, std::chrono::nanoseconds(std::chrono::steady_clock::now() - begun));
  }
  EXPECT_LT(fastest, 900ms) << "it does not wait for somebody to look for the dead";
  testing::internal::GetCapturedStderr();
  manager.start();
  EXPECT_EQ(manager.number_of_objects(), 0u) << "and it may be started again";
}

TEST_P(Manager, GivesObjectsNames) {
  const mp::SyncManager manager = this->manager();
  manager.publish("numbers", manager.list<int>({1, 2}));
  EXPECT_EQ(manager.number_of_objects(), 1u) << "the name keeps it";
  manager.lookup<mp::ListProxy<int>>("numbers").append(3);
  EXPECT_EQ(manager.lookup<mp::ListProxy<int>>("numbers").size(), 3);
  EXPECT_THROW(manager.lookup<mp::ListProxy<double>>("numbers"), mp::TypeError);
  EXPECT_THROW(manager.lookup<mp::ListProxy<int>>("letters"), mp::KeyError);
  manager.publish("numbers", manager.list<int>());
  EXPECT_EQ(manager.number_of_objects(), 1u) << "a name means one object";
}

TEST_P(Manager, IgnoresAnInterrupt) {
  if (!multiprocess::test::can_interrupt_processes) {
    GTEST_SKIP() << "needs to interrupt a process";
  }
  const mp::SyncManager manager = this->manager();
  mp::Process process = server();
  process.interrupt();
  EXPECT_EQ(manager.list<int>({1}).size(), 1);
  EXPECT_FALSE(process.exitcode());
}

TEST_P(Manager, TellsWhenItsServerWasKilled) {
  mp::SyncManager manager = this->manager();
  const auto list = manager.list<int>({1});
  mp::Process process = server();
  process.kill();
  process.join();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(list.size(), std::system_error);
  EXPECT_THROW(manager.dict<>(), std::system_error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  manager.shutdown();
}

TEST_P(Manager, AnswersNobodyAfterAKillInACall) {
  const mp::SyncManager manager = this->manager();
  const auto list = manager.list<int>({1});
  const mp::Event begun;
  std::jthread killer([begun, process = server()]() mutable {
    begun.wait(plenty);
    process.kill();
  });
  const auto wait_for_ever = [begun](std::vector<int>&) {
    begun.set();
    std::this_thread::sleep_for(plenty);
  };
  EXPECT_THROW(list.apply(wait_for_ever), mp::EOFError);
}

TEST_P(Manager, EndsWithAKilledParent) {
  const mp::Queue<mp::ListProxy<int>> queue;
  mp::Process owner = start(
      [](const mp::Queue<mp::ListProxy<int>>& out, mp::StartMethod method) {
        const mp::SyncManager manager = started(method);
        out.put(manager.list<int>({1}));
        std::this_thread::sleep_for(plenty);
      },
      queue, GetParam());
  const auto list = queue.get(true, plenty);
  EXPECT_EQ(list.get(0), 1) << "a grandchild's server serves us";
  owner.kill();
  owner.join();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_ANY_THROW({
    while (true) {
      list.size();
    }
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST(ManagerObject, IsNoAffairOfAForkedChild) {
  const mp::SyncManager manager = mp::Manager();
  const auto list = manager.list<int>();
  mp::test::Child child([&] {
    manager.list<int>({1});
    list.append(2);
    mp::SyncManager& inherited = const_cast<mp::SyncManager&>(manager);
    { const mp::SyncManager taken = std::move(inherited); }
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(list.get(0), 2);
}

TEST(ManagerObject, ServesInThisProcess) {
  mp::SyncManager manager;
  mp::Server server = manager.get_server();
  std::jthread serving([&server] { EXPECT_THROW(server.serve_forever(), mp::SystemExit); });
  mp::test::until([&manager] {
    try {
      manager.connect();
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  });
  const auto dict = manager.dict<std::string, int>({{"a", 1}});
  mp::Process([](const mp::DictProxy<std::string, int>& d) { d["a"] += 1; }, dict).start();
  EXPECT_THROW(manager.shutdown(), mp::AttributeError) << "it was not started here";
  for (mp::Process& child : mp::active_children()) {
    child.join();
  }
  EXPECT_EQ(dict["a"], 2);
  server.stop();
}

MULTIPROCESS_FOR_EACH_START_METHOD(Manager);

TEST(ManagerObject, Prints) {
  EXPECT_EQ(fmt::format("{}", mp::ManagerOptions()), "ManagerOptions()");
  EXPECT_EQ(fmt::format("{}", mp::ManagerOptions{.start_method = mp::StartMethod::spawn,
                                                 .address = mp::Address("/tmp/x"),
                                                 .authkey = "secret"}),
            "ManagerOptions(start_method=spawn, address='/tmp/x', authkey=...)");
  EXPECT_TRUE(fmt::format("{}", mp::SyncManager())
                  .starts_with("<multiprocess.managers.SyncManager object at 0x"));
  EXPECT_TRUE(fmt::format("{}", mp::BaseManager())
                  .starts_with("<multiprocess.managers.BaseManager object at 0x"));
  EXPECT_TRUE(fmt::format("{}", mp::SyncManager().get_server())
                  .starts_with("<multiprocess.managers.Server object at 0x"));
}

}  // namespace
