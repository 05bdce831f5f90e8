// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket_file.hpp>

#include <multiprocess/detail/os/socket.hpp>

#include "support/handle_limit.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

// Sockets whose paths are files.

namespace multiprocess::detail::os {
namespace {

namespace fs = std::filesystem;

class SocketFilesOnDisk : public testing::Test {
 protected:
  SocketFilesOnDisk() { make_private_folder(folder_); }
  ~SocketFilesOnDisk() override { fs::remove_all(folder_); }

  const std::string folder_ = new_folder_path();
  const std::string path_ = folder_ + "/socket";
};

TEST_F(SocketFilesOnDisk, TheFolderIsForThisUserAlone) {
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
  EXPECT_NE(new_folder_path(), folder_);
  EXPECT_THROW(make_private_folder(folder_), std::system_error);
}

TEST_F(SocketFilesOnDisk, AnEmptyFolderGoesWithoutADescriptor) {
  const std::string folder = folder_;  // the sanitizer looks at members by means of a pipe
  {
    const test::HandleLimit none(0);
    remove_private_folder(folder);
  }
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(SocketFilesOnDisk, TheFolderGoesWithItsSockets) {
  const Handle listening = listen_at({path_}, 1);
  std::ofstream(folder_ + "/file") << "no socket";
  remove_private_folder(folder_);
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(fs::exists(folder_ + "/file"));
  fs::remove(folder_ + "/file");
  remove_private_folder(folder_);
  EXPECT_FALSE(fs::exists(folder_));
  remove_private_folder(folder_);
}

TEST_F(SocketFilesOnDisk, TheFolderIsWhereTemporaryFilesAreUnlessThatIsFarAway) {
  setenv("TMPDIR", folder_.c_str(), 1);
  EXPECT_TRUE(new_folder_path().starts_with(folder_));
  setenv("TMPDIR", ("/tmp/" + std::string(60, 'x')).c_str(), 1);
  EXPECT_TRUE(new_folder_path().starts_with("/tmp/multiprocess-"));
  unsetenv("TMPDIR");
}

TEST_F(SocketFilesOnDisk, IsRemovedOnlyWhileItIsTheSame) {
  EXPECT_EQ(socket_file_id(path_), 0U);
  const Handle first = listen_at({path_}, 1);
  const std::uint64_t id = socket_file_id(path_);
  EXPECT_NE(id, 0U);
  EXPECT_FALSE(remove_socket_file(path_, id + 1));
  EXPECT_TRUE(remove_socket_file(path_, id));
  EXPECT_FALSE(remove_socket_file(path_, id));
  std::ofstream(path_) << "no socket";
  EXPECT_EQ(socket_file_id(path_), 0U);
}

TEST_F(SocketFilesOnDisk, IsNoOtherWhoseInodeItHas) {
  Handle listening = listen_at({path_}, 1);
  const auto inode = [this] {
    struct stat facts {};
    stat(path_.c_str(), &facts);
    return facts.st_ino;
  };
  const ino_t first = inode();
  const std::uint64_t id = socket_file_id(path_);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  // The clock of the file system has moved on after a while.
  for (bool is_other = false; !is_other;) {
    listening.reset();
    fs::remove(path_);
    listening = listen_at({path_}, 1);
    is_other = socket_file_id(path_) != id && inode() == first;
    if (!is_other && std::chrono::steady_clock::now() > end) {
      ASSERT_NE(inode(), first);
      GTEST_SKIP() << "this file system gives no inode again";
    }
  }
}

}  // namespace
}  // namespace multiprocess::detail::os
