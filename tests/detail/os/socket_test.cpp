// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket.hpp>

#include <multiprocess/detail/os/socket_file.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace multiprocess::detail::os {
namespace {

using namespace std::chrono_literals;

std::string make_folder() {
  const std::string path = new_folder_path();
  make_private_folder(path);
  return path;
}

class SocketTest : public testing::TestWithParam<bool> {
 protected:
  ~SocketTest() override { std::filesystem::remove_all(folder_); }

  SocketAddress place() const {
    return GetParam() ? SocketAddress{"", "127.0.0.1", 0} : SocketAddress{folder_ + "/socket"};
  }
  const std::string folder_ = make_folder();
};
INSTANTIATE_TEST_SUITE_P(Place, SocketTest, testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "tcp" : "path"); });

std::error_code error_of(auto call) {
  try {
    call();
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

TEST_P(SocketTest, ConnectsAndAccepts) {
  const Handle listening = listen_at(place(), 1);
  EXPECT_FALSE(accept_now(listening.get()));
  const SocketAddress where = local_address(listening.get());
  const Handle client = connect_to(where, never);
  const auto accepted = accept_now(listening.get());
  ASSERT_TRUE(accepted);
  const Handle& server = accepted->socket;
  EXPECT_EQ(peer_address(client.get()), where);
  EXPECT_EQ(accepted->peer, local_address(client.get()));
  EXPECT_EQ(accepted->peer, peer_address(server.get()));
  EXPECT_TRUE(is_loopback(where));
  EXPECT_EQ(is_local_stream(client.get()), !GetParam());
  write_all(client.get(), std::array{std::byte{7}});
  std::array<std::byte, 2> got{};
  EXPECT_TRUE(wait_readable(server.get(), never));
  EXPECT_EQ(read_now(server.get(), got), 1U);
  EXPECT_EQ(got[0], std::byte{7});
}

TEST_P(SocketTest, ReadsAndWritesWithoutWaiting) {
  const Handle listening = listen_at(place(), 1);
  Handle client = connect_to(local_address(listening.get()), never);
  const Handle server = std::move(accept_now(listening.get())->socket);
  std::array<std::byte, 1000> space{};
  EXPECT_EQ(read_now(server.get(), space), std::nullopt);
  const std::vector<std::byte> large(50'000'000);
  const std::size_t taken = write_now(client.get(), large);
  EXPECT_GT(taken, 0U);
  EXPECT_LT(taken, large.size());
  client.reset();
  while (read_now(server.get(), space).value_or(0) != 0) {
  }
  EXPECT_EQ(read_now(server.get(), space), 0U);
}

TEST_P(SocketTest, NobodyThereIsAnErrorAtOnce) {
  SocketAddress where;
  {
    const Handle gone = listen_at(place(), 1);
    where = local_address(gone.get());
  }
  EXPECT_EQ(error_of([&] { connect_to(where, never); }), std::errc::connection_refused);
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

TEST(SocketAtAPath, ConnectingWaitsNoLongerThanItMay) {
  const std::string folder = make_folder();
  const Handle listening = listen_at({folder + "/socket"}, 0);
  std::vector<Handle> waiting;
  const auto fill = [&] {
    for (int i = 0; i < 10; ++i) {
      waiting.push_back(connect_to({folder + "/socket"}, std::chrono::steady_clock::now() + 20ms));
    }
  };
  EXPECT_EQ(error_of(fill), std::errc::timed_out);
  std::filesystem::remove_all(folder);
}

TEST(SocketAddress, LoopbackIsThisMachine) {
  EXPECT_TRUE(is_loopback({"/path"}));
  EXPECT_TRUE(is_loopback({"", "127.1.2.3", 1}));
  EXPECT_TRUE(is_loopback({"", "::1", 1}));
  EXPECT_FALSE(is_loopback({"", "0.0.0.0", 1}));
  EXPECT_FALSE(is_loopback({"", "192.0.2.1", 1}));
}

TEST(SocketAddress, OfAHostThatIsNoneIsAnError) {
  EXPECT_EQ(error_of([] {
              connect_to({"", "no.such.host.invalid", 1}, never);
            }),
            std::errc::address_not_available);
}

}  // namespace
}  // namespace multiprocess::detail::os
