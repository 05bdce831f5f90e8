// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/info.hpp>

#include "support/latch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

namespace os = multiprocess::detail::os;
namespace fs = std::filesystem;
using multiprocess::test::Latch;

namespace {

TEST(OsInfoProcess, KnowsItself) {
  EXPECT_GT(os::current_pid(), 0);
  EXPECT_EQ(fs::path(os::executable_path()).filename(), fs::path(os::program_name()).filename());
  EXPECT_EQ(fs::path(os::current_directory()), fs::current_path());
  EXPECT_TRUE(os::on_main_thread());
  EXPECT_EQ(os::current_thread_number(), os::current_pid());
}

TEST(OsInfoProcess, MayUseSomeOfTheCpus) {
  EXPECT_GE(os::usable_cpu_count(), 1);
  EXPECT_LE(os::usable_cpu_count(), os::hardware_cpu_count());
}

TEST(OsInfoProcess, CountsItsThreads) {
  const int before = os::thread_count();
  Latch runs(1);
  Latch end(1);
  std::thread thread([&] {
    EXPECT_FALSE(os::on_main_thread());
    EXPECT_NE(os::current_thread_number(), os::current_pid());
    runs.count_down();
    end.wait();
  });
  runs.wait();
  EXPECT_EQ(os::thread_count(), before + 1);
  end.count_down();
  thread.join();
}

}  // namespace
