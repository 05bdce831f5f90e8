// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/keeper.hpp>

#include <multiprocess/detail/os/rendezvous.hpp>
#include <multiprocess/detail/os/transfer.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/keeper.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

// Programs that have a keeper and end in every way there is. Each is this program again, so that it
// has a tree of its own, and tells on a pipe who its keeper is.

namespace multiprocess::detail {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::Child;
using test::Deposit;

constexpr const char* report_to = "MULTIPROCESS_TEST_REPORT_TO";

void tell_keeper() {
  const int pid = test::keeper_pid();
  if (const char* const descriptor = std::getenv(report_to)) {
    os::write_all(std::atoi(descriptor), std::as_bytes(std::span(&pid, 1)));
  }
}

std::atomic<Deposit*> kept_to_the_end;

void deposit_something() {
  kept_to_the_end = new Deposit(os::standard_error());
}

void use_a_keeper() {
  deposit_something();
  tell_keeper();
}

TEST(Culprit, DISABLED_Returns) {
  use_a_keeper();
}

TEST(Culprit, DISABLED_LeavesAtOnce) {
  use_a_keeper();
  _exit(0);
}

TEST(Culprit, DISABLED_IsKilled) {
  use_a_keeper();
  test::die();
}

TEST(Culprit, DISABLED_IsKilledWithItsChildren) {
  Process child([] { test::wait_to_be_killed(); });
  child.start();
  use_a_keeper();
  test::die();
}

void die_after_a_child_used_a_keeper(StartMethod method) {
  const Queue<int> used;
  ProcessOptions options;
  options.start_method = method;
  Process child(options, [used] {
    deposit_something();
    used.put(1);
    test::wait_to_be_killed();
  });
  child.start();
  used.get();
  tell_keeper();
  test::die();
}

TEST(Culprit, DISABLED_IsKilledWithASpawnedChildThatStartedIt) {
  die_after_a_child_used_a_keeper(StartMethod::spawn);
}

TEST(Culprit, DISABLED_IsKilledWithAServedChildThatStartedIt) {
  die_after_a_child_used_a_keeper(StartMethod::forkserver);
}

TEST(Culprit, DISABLED_ReplacesItself) {
  use_a_keeper();
  execl("/bin/true", "true", nullptr);
}

TEST(Culprit, DISABLED_HasAHeir) {
  ProcessOptions options;
  options.outlive_parent = true;
  Process heir(options, [] {
    os::wait_ended(test::sentinel_of(parent_process()->pid()).get(), os::never);
    std::this_thread::sleep_for(200ms);
    use_a_keeper();
  });
  heir.start();
  use_a_keeper();
  test::die();
}

TEST(Culprit, DISABLED_StartsItAndIsKilledAnywhere) {
  std::jthread([] {
    std::this_thread::sleep_for(std::chrono::microseconds(std::rand() % 3000));
    test::die();
  }).detach();
  use_a_keeper();
  test::wait_to_be_killed();
}

/// What another program says, once it has ended, of who keeps its descriptors.
struct Ended {
  std::vector<int> keepers;
  std::vector<os::Handle> sentinels;  // of those that still ran when they were named
};

Ended run(const std::string& culprit, int seed = 0) {
  os::Pipe pipe = os::make_pipe();
  const int reports = dup(static_cast<int>(pipe.write.get()));
  pipe.write.reset();
  const std::string program = fs::read_symlink("/proc/self/exe");
  const std::string filter = "--gtest_filter=Culprit.DISABLED_" + culprit;
  Child child([&] {
    setenv(report_to, std::to_string(reports).c_str(), 1);
    std::srand(static_cast<unsigned>(seed));
    freopen("/dev/null", "w", stdout);
    const std::string random_seed = "--gtest_random_seed=" + std::to_string(seed);
    execl(program.c_str(), program.c_str(), filter.c_str(), random_seed.c_str(),
          "--gtest_also_run_disabled_tests", nullptr);
  });
  close(reports);
  Ended ended;
  for (int pid = 0; os::read_all(pipe.read.get(), std::as_writable_bytes(std::span(&pid, 1)));) {
    ended.keepers.push_back(pid);
    if (os::Handle sentinel = test::sentinel_of(pid)) {
      ended.sentinels.push_back(std::move(sentinel));
    }
  }
  child.wait();
  return ended;
}

bool end_soon(const Ended& ended) {
  const auto deadline = std::chrono::steady_clock::now() + 1s;
  bool all = true;
  for (const os::Handle& sentinel : ended.sentinels) {
    all = os::wait_ended(sentinel.get(), deadline) && all;
  }
  return all;
}

class KeeperEnds : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(After, KeeperEnds,
                         testing::Values("Returns", "LeavesAtOnce", "IsKilled",
                                         "IsKilledWithItsChildren",
                                         "IsKilledWithASpawnedChildThatStartedIt",
                                         "IsKilledWithAServedChildThatStartedIt", "ReplacesItself"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(KeeperEnds, SoonAfterTheLastOfItsTree) {
  const Ended ended = run(GetParam());
  ASSERT_EQ(ended.keepers.size(), 1U);
  EXPECT_TRUE(end_soon(ended));
}

TEST(Keeper, StaysForThoseWhoOutliveItsStarter) {
  const Ended ended = run("HasAHeir");
  ASSERT_EQ(ended.keepers.size(), 2U);
  EXPECT_EQ(ended.keepers[0], ended.keepers[1]);
  EXPECT_TRUE(end_soon(ended));
}

/// The processes that run this program, but we and our keeper.
std::vector<int> others() {
  const std::string program = fs::read_symlink("/proc/self/exe");
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    std::error_code gone;
    if (pid != 0 && pid != getpid() && pid != test::keeper_pid() &&
        fs::read_symlink(entry.path() / "exe", gone) == program) {
      found.push_back(pid);
    }
  }
  return found;
}

TEST(Keeper, NoneStaysWhenItsStarterIsKilledMeanwhile) {
  for (int seed = 1; seed <= 20; ++seed) {
    run("StartsItAndIsKilledAnywhere", seed);
  }
  const auto end = std::chrono::steady_clock::now() + 5s;
  std::vector<int> left;
  do {
    std::this_thread::sleep_for(10ms);
    left = others();
  } while (!left.empty() && std::chrono::steady_clock::now() < end);
  EXPECT_EQ(left, std::vector<int>());
}

std::string read_link(int pid, const std::string& name) {
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/" + name);
}

TEST(Keeper, StandsAlone) {
  const Deposit kept(os::standard_error());
  const int pid = test::keeper_pid();
  EXPECT_EQ(getsid(pid), pid);
  EXPECT_EQ(read_link(pid, "cwd"), "/");
  for (const char* const stream : {"fd/0", "fd/1", "fd/2"}) {
    EXPECT_EQ(read_link(pid, stream), "/dev/null");
  }
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  EXPECT_EQ(name, "mp-keeper");
}

TEST(Keeper, IsDeafToWhatEndsTheProgramItServes) {
  const Deposit kept(os::standard_error());
  for (const int request : {SIGINT, SIGTERM, SIGHUP}) {
    ::kill(test::keeper_pid(), request);
  }
  EXPECT_EQ(test::thing(withdraw(kept.number).get()), test::thing(os::standard_error()));
}

TEST(Keeper, HasNothingOpenThatItWasNotGiven) {
  test::kill_keeper();
  os::Pipe pipe = os::make_pipe();
  const int inherited = dup(static_cast<int>(pipe.write.get()));  // would go to any program
  const Deposit kept(os::standard_error());
  close(inherited);
  pipe.write.reset();
  EXPECT_TRUE(test::is_at_end(pipe.read, 0ms));
}

TEST(Keeper, IsWhoeverAnnouncesItselfFirst) {
  const std::uint64_t before = keeper_state().keeper.load();
  const std::uint64_t name = keeper_state().name.load();
  EXPECT_FALSE(announce_keeper(before + 1, 5));
  EXPECT_EQ(keeper_state().name.load(), name);
  Child child([before] {
    test::require(announce_keeper(before, 5));
    test::require(!announce_keeper(before, 6));
    test::require(keeper_state().name.load() == 5);
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
  const Deposit kept(os::standard_error());
  EXPECT_EQ(count_deposits(), 1U) << "the one who died as keeper has been replaced";
}

TEST(Keeper, SeesThroughVisitorsWhoSayNothing) {
  const Deposit kept(os::standard_error());
  std::vector<os::Handle> silent;
  for (int i = 0; i < 60; ++i) {
    silent.push_back(os::visit(keeper_state().name.load()));
  }
  EXPECT_EQ(count_deposits(), 1U);
}

TEST(Keeper, AnswersNonsenseWithSilenceAndGoesOn) {
  const Deposit kept(os::standard_error());
  const KeeperRequest without_handle{KeeperRequest::What::deposit, 0, kept.number, 0};
  const KeeperRequest unknown{static_cast<KeeperRequest::What>(77), 0, 0, 0};
  const auto first = os::visit(keeper_state().name.load());
  os::send_message(first.get(), std::array{std::byte{1}});
  EXPECT_FALSE(os::receive_message(first.get()));
  const auto second = os::visit(keeper_state().name.load());
  os::send_message(second.get(), std::as_bytes(std::span(&unknown, 1)));
  EXPECT_FALSE(os::receive_message(second.get()));
  const auto third = os::visit(keeper_state().name.load());
  os::send_message(third.get(), std::as_bytes(std::span(&without_handle, 1)));
  EXPECT_TRUE(os::receive_message(third.get())) << "an error";
  EXPECT_EQ(count_deposits(), 1U);
}

}  // namespace
}  // namespace multiprocess::detail
