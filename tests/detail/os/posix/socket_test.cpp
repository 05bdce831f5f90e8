// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket.hpp>

#include <multiprocess/detail/os/socket_file.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

// Sockets that are files, and messages.

namespace multiprocess::detail::os {
namespace {

std::string make_folder() {
  const std::string path = new_folder_path();
  make_private_folder(path);
  return path;
}

TEST(SocketAtAPath, IsForThisUserAloneWhateverTheMask) {
  const std::string folder = make_folder();
  const mode_t before = umask(0);
  const Handle listening = listen_at({folder + "/socket"}, 1);
  umask(before);
  EXPECT_EQ(std::filesystem::status(folder + "/socket").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const Handle client = connect_to({folder + "/socket"}, never);
  EXPECT_TRUE(is_of_our_user(client.get()));
  EXPECT_TRUE(is_of_our_user(accept_now(listening.get())->socket.get()));
  std::filesystem::remove_all(folder);
}

TEST(SocketAddress, OfAHostThatIsNoneHasOneCause) {
  try {
    connect_to({"", "no.such.host.invalid", 1}, never);
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(std::string(error.what()).find(std::strerror(EADDRNOTAVAIL)), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace multiprocess::detail::os
