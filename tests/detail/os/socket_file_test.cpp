// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket_file.hpp>

#include <multiprocess/detail/os/socket.hpp>

#include <gtest/gtest.h>

#include <string>

namespace multiprocess::detail::os {
namespace {

class SocketFileTest : public testing::Test {
 protected:
  SocketFileTest() { make_private_folder(folder_); }
  ~SocketFileTest() override { remove_private_folder(folder_); }

  const std::string folder_ = new_folder_path();
  const std::string path_ = folder_ + "/socket";
};

TEST_F(SocketFileTest, EachFolderHasAPathOfItsOwn) {
  EXPECT_NE(new_folder_path(), folder_);
}

TEST_F(SocketFileTest, APathInTheFolderCanBeListenedAt) {
  const Handle listening = listen_at({path_}, 1);
  EXPECT_TRUE(connect_to({path_}, never));
}

TEST_F(SocketFileTest, NothingIsLeftOnceItIsRemoved) {
  Handle listening = listen_at({path_}, 1);
  listening.reset();
  remove_socket_file(path_, socket_file_id(path_));
  EXPECT_EQ(socket_file_id(path_), 0U);
  EXPECT_FALSE(remove_socket_file(path_, socket_file_id(path_)));
  EXPECT_TRUE(listen_at({path_}, 1));
}

}  // namespace
}  // namespace multiprocess::detail::os
