// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/socket_files.hpp>

#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>

#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

namespace multiprocess::detail {
namespace {

namespace fs = std::filesystem;
using test::plenty;

os::Handle listen_at(const std::string& path) {
  return os::listen_at({path, "", 0}, 1);
}

TEST(SocketFiles, PathsAreNewInOneFolderOfThisUserAlone) {
  const fs::path first = private_socket_path();
  const fs::path second = private_socket_path();
  EXPECT_NE(first, second);
  EXPECT_EQ(first.parent_path(), second.parent_path());
  EXPECT_EQ(fs::status(first.parent_path()).permissions(), fs::perms::owner_all);
  EXPECT_FALSE(fs::exists(first));
}

TEST(SocketFiles, AFileGoesWithItsObject) {
  const std::string path = private_socket_path();
  const os::Handle listening = listen_at(path);
  {
    const SocketFile file(path);
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(SocketFiles, AFileThatIsAnothersStays) {
  const std::string path = private_socket_path();
  std::optional<os::Handle> listening(listen_at(path));
  SocketFile first(path);
  fs::remove(path);
  listening.emplace(listen_at(path));
  const SocketFile second(path);
  first.remove();
  EXPECT_TRUE(fs::exists(path));
  first.remove();
}

TEST(SocketFiles, ANameWithoutAFileIsNone) {
  const SocketFile none("");
  const SocketFile abstract(std::string("\0name", 5));
}

TEST(SocketFiles, AForkedChildHasAFolderOfItsOwnAndLeavesOursAlone) {
  const std::string path = private_socket_path();
  const os::Handle listening = listen_at(path);
  std::optional<SocketFile> file(path);
  test::Child child([&] {
    EXPECT_NE(fs::path(private_socket_path()).parent_path(), fs::path(path).parent_path());
    file.reset();
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(fs::exists(path));
  file.reset();
  EXPECT_FALSE(fs::exists(path));
}

// That of a process that is killed goes as tracked names do: see tracked_names_test.
TEST(SocketFiles, TheFolderGoesWithItsProcess) {
  const Queue<std::string> paths;
  Process process(
      [](const Queue<std::string>& out) {
        const std::string path = private_socket_path();
        const os::Handle listening = listen_at(path);
        new SocketFile(path);
        out.put(fs::exists(path) ? path : "");
      },
      paths);
  process.start();
  const fs::path path = paths.get(plenty);
  EXPECT_TRUE(path.is_absolute());
  EXPECT_TRUE(process.join(plenty));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::exists(path.parent_path()));
}

}  // namespace
}  // namespace multiprocess::detail
