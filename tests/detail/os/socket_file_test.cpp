// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket_file.hpp>

#include <multiprocess/detail/os/socket.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace multiprocess::detail::os {
namespace {

namespace fs = std::filesystem;

class SocketFileTest : public testing::Test {
 protected:
  ~SocketFileTest() override { fs::remove_all(folder_); }

  const std::string folder_ = make_private_folder();
  const std::string path_ = folder_ + "/socket";
};

TEST_F(SocketFileTest, TheFolderIsForThisUserAlone) {
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
  EXPECT_NE(make_private_folder(), folder_);
  remove_private_folder(folder_);
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(SocketFileTest, TheFolderIsWhereTemporaryFilesAreUnlessThatIsFarAway) {
  setenv("TMPDIR", folder_.c_str(), 1);
  const std::string inside = make_private_folder();
  EXPECT_TRUE(inside.starts_with(folder_));
  setenv("TMPDIR", ("/tmp/" + std::string(60, 'x')).c_str(), 1);
  const std::string elsewhere = make_private_folder();
  EXPECT_TRUE(elsewhere.starts_with("/tmp/multiprocess-"));
  unsetenv("TMPDIR");
  remove_private_folder(elsewhere);
}

TEST_F(SocketFileTest, IsRemovedOnlyWhileItIsTheSame) {
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

}  // namespace
}  // namespace multiprocess::detail::os
