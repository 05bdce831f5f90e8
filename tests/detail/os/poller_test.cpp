// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poller.hpp>

#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::detail::os {
namespace {

using namespace std::chrono_literals;
using Interest = Poller::Interest;

class PollerTest : public testing::Test {
 protected:
  std::vector<std::uint64_t> ready(Deadline deadline = at_once) const {
    std::array<Poller::Event, 8> space;
    std::vector<std::uint64_t> tags;
    for (const auto& event : poller_.wait(space, deadline)) {
      tags.push_back(event.tag);
    }
    return tags;
  }
  void write() const { write_all(pipe_.write.get(), std::array{std::byte{1}}); }

  Poller poller_;
  Pipe pipe_ = make_pipe();
};
using Tags = std::vector<std::uint64_t>;

TEST_F(PollerTest, TellsWhatIsReadable) {
  poller_.add(pipe_.read.get(), 7);
  EXPECT_EQ(ready(), Tags());
  write();
  EXPECT_EQ(ready(never), Tags{7});
  EXPECT_EQ(ready(), Tags{7}) << "until it is read";
}

TEST_F(PollerTest, TellsTheEnd) {
  poller_.add(pipe_.read.get(), 7);
  pipe_.write.reset();
  EXPECT_EQ(ready(never), Tags{7});
}

TEST_F(PollerTest, TellsWhatIsWritableWhereThatIsAsked) {
  poller_.add(pipe_.write.get(), 8, Interest::nothing);
  EXPECT_EQ(ready(), Tags());
  poller_.change(pipe_.write.get(), 9, Interest::write);
  EXPECT_EQ(ready(), Tags{9});
}

TEST_F(PollerTest, ForgetsWhatIsRemoved) {
  poller_.add(pipe_.read.get(), 7);
  write();
  poller_.remove(pipe_.read.get());
  EXPECT_EQ(ready(), Tags());
  EXPECT_THROW(poller_.change(pipe_.read.get(), 7, Interest::read), std::system_error);
  poller_.add(pipe_.read.get(), 8);
  EXPECT_EQ(ready(), Tags{8});
}

TEST_F(PollerTest, GivesUpInTime) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(ready(begun + 20ms), Tags());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 20ms);
}

TEST_F(PollerTest, MayBeInAnotherSet) {
  poller_.add(pipe_.read.get(), 7);
  EXPECT_FALSE(wait_readable(poller_.handle(), at_once));
  write();
  EXPECT_TRUE(wait_readable(poller_.handle(), at_once));
}

TEST_F(PollerTest, TellsThreadsThatWaitOfWhatIsAdded) {
  std::thread later([this] {
    std::this_thread::sleep_for(20ms);
    poller_.add(pipe_.read.get(), 7);
    std::this_thread::sleep_for(20ms);
    write();
  });
  EXPECT_EQ(ready(never), Tags{7});
  later.join();
}

TEST_F(PollerTest, NobodyWaitsForWhatIsRemoved) {
  const Pipe other = make_pipe();
  poller_.add(other.read.get(), 1);
  poller_.add(pipe_.read.get(), 7);
  std::thread waiter([this] { EXPECT_EQ(ready(never), Tags{1}); });
  std::this_thread::sleep_for(20ms);
  poller_.remove(pipe_.read.get());
  pipe_ = {};
  write_all(other.write.get(), std::array{std::byte{1}});
  waiter.join();
}

TEST_F(PollerTest, TakesManySockets) {
  const Handle listening = listen_at({"", "127.0.0.1", 0}, 1);
  const SocketAddress where = local_address(listening.get());
  std::vector<Handle> ends;
  for (std::uint64_t i = 0; i < 300; ++i) {
    Handle client = connect_to(where, never);
    wait_readable(listening.get(), never);
    poller_.add(client.get(), i);
    ends.push_back(std::move(accept_now(listening.get())->socket));
    ends.push_back(std::move(client));
  }
  EXPECT_EQ(ready(), Tags());
  write_all(ends[2 * 250].get(), std::array{std::byte{1}});
  EXPECT_EQ(ready(never), Tags{250});
}

TEST_F(PollerTest, TellsWhenASocketTakesMore) {
  const Handle listening = listen_at({"", "127.0.0.1", 0}, 1);
  Handle client = connect_to(local_address(listening.get()), never);
  wait_readable(listening.get(), never);
  const Handle server = std::move(accept_now(listening.get())->socket);
  const std::vector<std::byte> much(1 << 20);
  while (write_now(client.get(), much) != 0) {
  }
  poller_.add(client.get(), 3, Interest::both);
  EXPECT_EQ(ready(), Tags());
  std::vector<std::byte> space(1 << 20);
  std::thread reader([&] {
    while (read_some(server.get(), space) != 0) {
    }
  });
  EXPECT_EQ(ready(never), Tags{3});
  poller_.remove(client.get());
  client.reset();
  reader.join();
}

TEST_F(PollerTest, TellsWhenAStreamOfThisMachineTakesMore) {
  const std::string name = std::string(1, '\0') + "test-" + std::to_string(random_number());
  const Handle listening = listen_at({name}, 1);
  Handle client = connect_to({name}, never);
  const Handle server = std::move(accept_now(listening.get())->socket);
  const std::vector<std::byte> much(1 << 16);
  std::size_t written = 0;
  for (std::size_t more = 1; more != 0; written += more) {
    more = write_now(client.get(), much);
  }
  poller_.add(client.get(), 3, Interest::both);
  EXPECT_EQ(ready(), Tags());
  std::vector<std::byte> space(written);
  EXPECT_TRUE(read_all(server.get(), space));
  EXPECT_EQ(ready(never), Tags{3});
  poller_.remove(client.get());
}

TEST_F(PollerTest, GivesTheRestNextTime) {
  std::vector<Pipe> pipes;
  for (std::uint64_t i = 0; i < 20; ++i) {
    pipes.push_back(make_pipe());
    poller_.add(pipes.back().read.get(), i);
    write_all(pipes.back().write.get(), std::array{std::byte{1}});
  }
  std::vector<bool> seen(20);
  for (int round = 0; round < 3; ++round) {
    for (const std::uint64_t tag : ready()) {
      seen[tag] = true;
    }
  }
  EXPECT_EQ(seen, std::vector<bool>(20, true));
}

}  // namespace
}  // namespace multiprocess::detail::os
