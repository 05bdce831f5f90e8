// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/info.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace os = multiprocess::detail::os;
namespace fs = std::filesystem;

namespace {

/// A folder that looks like the root of a system whose processes have a limit.
class OsInfo : public testing::Test {
 protected:
  OsInfo() : root_(fs::path(testing::TempDir()) / ("info" + std::to_string(getpid()))) {}
  ~OsInfo() override { fs::remove_all(root_); }

  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  int count() const { return os::usable_cpu_count(root_.string()); }

  fs::path root_;
};

TEST_F(OsInfo, WithoutGroupsTheAllowedCpusCount) {
  EXPECT_GE(count(), 1);
  EXPECT_LE(count(), os::hardware_cpu_count());
}

TEST_F(OsInfo, AQuotaOfAUnifiedGroupCounts) {
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  const int allowed = count();
  write("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
  EXPECT_EQ(count(), 1);
  write("sys/fs/cgroup/a/cpu.max", "9900000 100000\n");
  EXPECT_EQ(count(), allowed);
}

TEST_F(OsInfo, AQuotaOfALegacyGroupCounts) {
  write("proc/self/cgroup", "5:memory:/m\n3:cpu,cpuacct:/a\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  const int allowed = count();
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "90000\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(count(), 1);
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "1900000\n");
  EXPECT_EQ(count(), allowed);
}

TEST_F(OsInfo, NonsenseIsNoLimit) {
  write("proc/self/cgroup", "0::/\nnonsense\n::::\n7:cpu:\n");
  write("sys/fs/cgroup/cpu.max", "many few\n");
  EXPECT_GE(count(), 1);
}

TEST(OsInfoProcess, CountsTheThreadsThatTheSystemLists) {
  EXPECT_EQ(os::thread_count(), std::distance(fs::directory_iterator("/proc/self/task"), {}));
}

}  // namespace
