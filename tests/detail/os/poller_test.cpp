// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poller.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <system_error>
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
