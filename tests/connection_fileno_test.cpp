// SPDX-License-Identifier: BSD-3-Clause
// Connections in event loops of the user's.
#include <multiprocess/connection.hpp>

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace mp = multiprocess;
namespace os = mp::detail::os;
using mp::test::Child;

namespace {

using Ends = std::pair<mp::Connection, mp::Connection>;

Ends make_stream() {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {mp::Connection(ends[0]), mp::Connection(ends[1])};
}

// Three ways to ask the system whether a descriptor is readable.

bool by_poll(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

bool by_select(int fd) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  timeval now{};
  return select(fd + 1, &set, nullptr, nullptr, &now) == 1;
}

bool by_epoll(int fd) {
  const os::Handle loop(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  EXPECT_EQ(epoll_ctl(static_cast<int>(loop.get()), EPOLL_CTL_ADD, fd, &event), 0);
  return epoll_wait(static_cast<int>(loop.get()), &event, 1, 0) == 1;
}

class ConnectionFileno : public testing::TestWithParam<Ends (*)()> {
 protected:
  /// What all ways say, and poll().
  bool readable() const {
    const int fd = here_.fileno();
    const bool ready = by_poll(fd);
    EXPECT_EQ(by_select(fd), ready);
    EXPECT_EQ(by_epoll(fd), ready);
    EXPECT_EQ(here_.poll(), ready);
    EXPECT_EQ(by_poll(fd), ready);
    return ready;
  }

  Ends ends_ = GetParam()();
  const mp::Connection& here_ = ends_.first;
  const mp::Connection& there_ = ends_.second;
};
INSTANTIATE_TEST_SUITE_P(PipeAndStream, ConnectionFileno,
                         testing::Values([] { return mp::Pipe(); }, &make_stream));

TEST_P(ConnectionFileno, IsReadableWhileMessagesWait) {
  EXPECT_FALSE(readable());
  for (int round = 0; round < 3; ++round) {
    there_.send(1);
    EXPECT_TRUE(readable());
    there_.send(std::string(100'000, 'x'));
    here_.recv();
    EXPECT_TRUE(readable());
    here_.recv();
    EXPECT_FALSE(readable());
  }
}

TEST_P(ConnectionFileno, TellsOfMessagesThatCameBeforeItWasAskedFor) {
  for (int i = 0; i < 3; ++i) {
    there_.send_bytes("x");
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(readable());
    here_.recv_bytes();
  }
  EXPECT_FALSE(readable());
  there_.send_bytes("x");
  EXPECT_TRUE(readable());
}

TEST_P(ConnectionFileno, IsTheSameNumberEachTime) {
  there_.send(1);
  const int fd = here_.fileno();
  here_.recv();
  EXPECT_EQ(here_.fileno(), fd);
  const mp::Connection copy = here_;
  EXPECT_EQ(copy.fileno(), fd);
}

TEST_P(ConnectionFileno, IsReadableAtTheEnd) {
  EXPECT_FALSE(readable());
  there_.send(1);
  there_.close();
  EXPECT_TRUE(readable());
  here_.recv();
  EXPECT_TRUE(readable());
  EXPECT_THROW(here_.recv(), mp::EOFError);
  EXPECT_TRUE(readable());
}

TEST_P(ConnectionFileno, IsReadableAtAnEndThatCameBefore) {
  there_.send(1);
  there_.close();
  EXPECT_TRUE(readable());
  here_.recv();
  EXPECT_TRUE(readable());
}

TEST_P(ConnectionFileno, IsReadableWhenThePeerIsKilled) {
  const int fd = here_.fileno();
  Child child([this] {
    here_.close();
    mp::test::wait_to_be_killed();
  });
  there_.close();
  EXPECT_FALSE(by_poll(fd));
  child.kill();
  pollfd entry{fd, POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, 20'000), 1);
  EXPECT_THROW(here_.recv(), mp::EOFError);
}

/// An event loop as programs have it: one message for each event.
TEST_P(ConnectionFileno, ALoopThatTakesOneMessageForEachEventNeverWaits) {
  constexpr int count = 5000;
  there_.send(0);
  const int fd = here_.fileno();
  const std::jthread sender([this] {
    for (int i = 1; i < count; ++i) {
      there_.send(i);
    }
  });
  for (int i = 0; i < count; ++i) {
    pollfd entry{fd, POLLIN, 0};
    ASSERT_EQ(poll(&entry, 1, 20'000), 1);
    ASSERT_TRUE(here_.poll()) << "recv would wait for message " << i;
    ASSERT_EQ(here_.recv<int>(), i);
  }
  EXPECT_FALSE(by_poll(fd));
}

/// Edge-triggered: who is told takes all that is there.
TEST_P(ConnectionFileno, TellsOfEachChange) {
  there_.send(1);
  const os::Handle loop(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  ASSERT_EQ(epoll_ctl(static_cast<int>(loop.get()), EPOLL_CTL_ADD, here_.fileno(), &event), 0);
  const auto told = [&] { return epoll_wait(static_cast<int>(loop.get()), &event, 1, 0) == 1; };
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(told());
    while (here_.poll()) {
      here_.recv();
    }
    EXPECT_FALSE(told());
    there_.send(1);
    there_.send(2);
  }
}

TEST(PipeFileno, TellsBothOfTwoProcessesThatReadAtOneEnd) {
  const auto [here, there] = mp::Pipe();
  mp::test::Gate asked;
  mp::test::Gate sent;
  Child child([&asked, &sent, end = here] {
    EXPECT_FALSE(by_poll(end.fileno()));
    asked.open();
    sent.wait();
    EXPECT_TRUE(by_poll(end.fileno()));
    EXPECT_EQ(end.recv<int>(), 1);
    EXPECT_FALSE(by_poll(end.fileno()));
  });
  asked.wait();
  const int fd = here.fileno();
  there.send(1);
  EXPECT_TRUE(by_poll(fd));
  sent.open();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_FALSE(here.poll());
  EXPECT_FALSE(by_poll(fd));
}

TEST(PipeFileno, IsGoneWithTheConnection) {
  const auto [here, there] = mp::Pipe();
  there.send(1);
  const int fd = here.fileno();
  here.close();
  pollfd entry{fd, POLLIN, 0};
  EXPECT_EQ(poll(&entry, 1, 0), 1);
  EXPECT_NE(entry.revents & POLLNVAL, 0);
}

}  // namespace
