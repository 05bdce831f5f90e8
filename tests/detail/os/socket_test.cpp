// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket.hpp>

#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/socket_file.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
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

std::string make_name() {
  return std::to_string(random_number());
}

/// Whether a socket at a path is there as a file.
bool leaves_files() {
  const std::string folder = make_folder();
  const Handle listening = listen_at({folder + "/socket"}, 1);
  const bool is_file = socket_file_id(folder + "/socket") != 0;
  remove_private_folder(folder);
  return is_file;
}

class SocketTest : public testing::TestWithParam<bool> {
 protected:
  ~SocketTest() override { remove_private_folder(folder_); }

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

TEST_P(SocketTest, TellsWhenNothingIsToCome) {
  const Handle listening = listen_at(place(), 1);
  Handle client = connect_to(local_address(listening.get()), never);
  const Handle server = std::move(accept_now(listening.get())->socket);
  EXPECT_FALSE(is_at_end(server.get()));
  write_all(client.get(), std::array{std::byte{7}});
  client.reset();
  std::array<std::byte, 2> got{};
  EXPECT_TRUE(wait_readable(server.get(), never));
  EXPECT_FALSE(is_at_end(server.get())) << "it was not read";
  EXPECT_EQ(read_now(server.get(), got), 1U);
  EXPECT_TRUE(wait_readable(server.get(), never));
  EXPECT_TRUE(is_at_end(server.get()));
  EXPECT_EQ(read_now(server.get(), got), 0U) << "and it is as it was";
}

TEST_P(SocketTest, NobodyThereIsAnErrorAtOnce) {
  SocketAddress where;
  {
    const Handle gone = listen_at(place(), 1);
    where = local_address(gone.get());
  }
  const std::error_code error = error_of([&] { connect_to(where, never); });
  // Where a path is no file, nothing is left of it.
  EXPECT_TRUE(error == std::errc::connection_refused ||
              (!GetParam() && error == std::errc::no_such_file_or_directory && !leaves_files()))
      << error.message();
}

TEST(SocketAtAPath, KnowsTheUserAtTheOtherEnd) {
  const std::string folder = make_folder();
  const Handle listening = listen_at({folder + "/socket"}, 1);
  const Handle client = connect_to({folder + "/socket"}, never);
  EXPECT_TRUE(is_of_our_user(client.get()));
  EXPECT_TRUE(is_of_our_user(accept_now(listening.get())->socket.get()));
  remove_private_folder(folder);
}

TEST(SocketAtAPath, IsOneListenersAlone) {
  const std::string folder = make_folder();
  Handle first = listen_at({folder + "/socket"}, 1);
  EXPECT_EQ(error_of([&] { listen_at({folder + "/socket"}, 1); }), std::errc::address_in_use);
  remove_private_folder(folder);
}

TEST(SocketAtAPath, MayHaveNoFile) {
  const std::string name = std::string(1, '\0') + "multiprocess-test-" + make_name();
  const Handle listening = listen_at({name}, 1);
  const Handle client = connect_to({name}, never);
  EXPECT_TRUE(accept_now(listening.get()));
}

TEST(SocketAtAPath, ABurstOfClientsIsServed) {
  const std::string folder = make_folder();
  const Handle listening = listen_at({folder + "/socket"}, 1024);
  constexpr int count = 60;
  std::vector<std::thread> clients;
  for (int i = 0; i < count; ++i) {
    clients.emplace_back([&] {
      const Handle client = connect_to({folder + "/socket"}, never);
      std::array<std::byte, 1> byte{};
      EXPECT_TRUE(read_all(client.get(), byte));
    });
  }
  for (int served = 0; served < count;) {
    ASSERT_TRUE(wait_readable(listening.get(), std::chrono::steady_clock::now() + 20s));
    while (const auto accepted = accept_now(listening.get())) {
      write_all(accepted->socket.get(), std::array{std::byte{1}});
      ++served;
    }
  }
  for (std::thread& client : clients) {
    client.join();
  }
  remove_private_folder(folder);
}

TEST(SocketAtAPath, OutlivesTheThreadThatBeganToListen) {
  const std::string folder = make_folder();
  Handle listening;
  std::thread([&] { listening = listen_at({folder + "/socket"}, 1); }).join();
  std::thread client([&] { connect_to({folder + "/socket"}, never); });
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::optional<Accepted> accepted;
  while (!accepted && wait_readable(listening.get(), deadline)) {
    accepted = accept_now(listening.get());
  }
  EXPECT_TRUE(accepted);
  client.join();
  remove_private_folder(folder);
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
  remove_private_folder(folder);
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
