// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/tracked_names.hpp>

#include <multiprocess/detail/os/named_memory.hpp>
#include <multiprocess/listener.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/shared_memory.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/keeper.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

// Programs that make shared memory with a name, do not unlink it, and end in every way there is.
// Each is this program again, so that it has a tree of its own.

namespace multiprocess::detail {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::Child;

constexpr const char* name_variable = "MULTIPROCESS_TEST_NAME";

fs::path path_of(const std::string& name) {
  return "/dev/shm/" + name;
}

SharedMemory make_it() {
  return SharedMemory::create(100, std::getenv(name_variable));
}

TEST(Culprit, DISABLED_Returns) {
  make_it();
}

TEST(Culprit, DISABLED_IsKilled) {
  const SharedMemory memory = make_it();
  test::die();
}

TEST(Culprit, DISABLED_IsKilledWithAChildThatGoesOn) {
  ProcessOptions options;
  options.outlive_parent = true;
  Process child(options, [] {
    std::this_thread::sleep_for(300ms);
    test::require(fs::exists(path_of(std::getenv(name_variable))));
    SharedMemory::create(1, std::string(std::getenv(name_variable)) + "_child");
  });
  child.start();
  make_it();
  test::die();
}

TEST(Culprit, DISABLED_LosesItsKeeper) {
  make_it();
  test::kill_keeper();
  SharedMemory::create(1, std::string(std::getenv(name_variable)) + "_child");
}

TEST(Culprit, DISABLED_LosesTheNameToAnother) {
  make_it().unlink();
  SharedMemory::create(200, std::getenv(name_variable), false);
}

TEST(Culprit, DISABLED_OnlyAttaches) {
  const SharedMemory memory(std::getenv(name_variable));
  const SharedMemory own =
      SharedMemory::create(1);  // so that there is somebody who could remove it
  const SharedMemory untracked =
      SharedMemory::create(1, std::string(std::getenv(name_variable)) + "_stays", false);
  test::die();
}

TEST(Culprit, DISABLED_IsKilledAnywhere) {
  std::jthread([] {
    std::this_thread::sleep_for(std::chrono::microseconds(std::random_device()() % 20000));
    test::die();
  }).detach();
  for (int i = 0;; ++i) {
    const std::string name = std::string(std::getenv(name_variable)) + "_" + std::to_string(i);
    const SharedMemory memory = SharedMemory::create(10'000, name);
    if (i % 3 == 0) {
      memory.unlink();
    }
  }
}

TEST(Culprit, DISABLED_IsKilledWithListeners) {
  const connection::Listener private_one;
  const connection::Listener chosen(std::string(std::getenv(name_variable)));
  std::ofstream(std::string(std::getenv(name_variable)) + ".txt")
      << fs::path(private_one.address().path()).parent_path().string();
  test::die();
}

void run(const std::string& culprit, const std::string& name) {
  const std::string program = fs::read_symlink("/proc/self/exe");
  const std::string filter = "--gtest_filter=Culprit.DISABLED_" + culprit;
  Child child([&] {
    setenv(name_variable, name.c_str(), 1);
    freopen("/dev/null", "w", stdout);
    freopen("/dev/null", "w", stderr);
    execl(program.c_str(), program.c_str(), filter.c_str(), "--gtest_also_run_disabled_tests",
          nullptr);
  });
  child.wait();
}

/// Nothing has a name that begins so.
bool goes_soon(const std::string& name) {
  const auto is_there = [&] {
    return std::any_of(fs::directory_iterator("/dev/shm"), fs::directory_iterator(),
                       [&](const fs::directory_entry& entry) {
                         return entry.path().filename().string().starts_with(name);
                       });
  };
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (is_there()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

std::string own_name() {
  return "mp_test_" + std::to_string(getpid());
}

class TrackedNames : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Who, TrackedNames,
                         testing::Values("Returns", "IsKilled", "IsKilledWithAChildThatGoesOn",
                                         "LosesItsKeeper"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(TrackedNames, LeavesNoNameBehind) {
  run(GetParam(), own_name());
  EXPECT_TRUE(goes_soon(own_name()));
}

TEST(TrackedNamesOfOurs, AKillAnywhereLeavesNone) {
  for (int i = 0; i < 20; ++i) {
    run("IsKilledAnywhere", own_name());
  }
  EXPECT_TRUE(goes_soon(own_name()));
}

TEST(TrackedNamesOfOthers, AreLeftAlone) {
  run("LosesTheNameToAnother", own_name());
  std::this_thread::sleep_for(300ms);  // the keeper needs less
  EXPECT_EQ(SharedMemory(own_name()).size(), 200U);
  os::remove_name(own_name());
}

TEST(TrackedNamesOfOthers, OutliveWhoAttached) {
  SharedMemory memory = SharedMemory::create(1, own_name());
  run("OnlyAttaches", own_name());
  std::this_thread::sleep_for(300ms);
  EXPECT_TRUE(fs::exists(path_of(own_name())));
  memory.unlink();
  os::remove_name(own_name() + "_stays");
}

TEST(TrackedSockets, GoWithTheirFolder) {
  const fs::path chosen = fs::temp_directory_path() / own_name();
  run("IsKilledWithListeners", chosen);
  std::ifstream told(chosen.string() + ".txt");
  std::string folder;
  ASSERT_TRUE(std::getline(told, folder));
  const auto end = std::chrono::steady_clock::now() + 5s;
  while ((fs::exists(chosen) || fs::exists(folder)) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_FALSE(fs::exists(chosen));
  EXPECT_FALSE(fs::exists(folder));
  fs::remove(chosen.string() + ".txt");
}

TEST(TrackedNamesOfOurs, AreForgottenOneByOne) {
  const auto before = test::use_now().parts;
  for (const char* const name : {"one", "two", "three"}) {
    track_name(name, 1);
  }
  track_name("two", 2);
  EXPECT_EQ(test::use_now().parts, before + 4);
  untrack_name("two", 1);
  untrack_name("two", 1);
  untrack_name("four", 1);
  EXPECT_EQ(test::use_now().parts, before + 3);
  for (const char* const name : {"three", "one"}) {
    untrack_name(name, 1);
  }
  untrack_name("two", 2);
  EXPECT_EQ(test::use_now().parts, before);
}

}  // namespace
}  // namespace multiprocess::detail
