// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/accept_turns.hpp>

#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/error.hpp>

#include "support/child.hpp"
#include "support/in_time.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::plenty;

os::Deadline in(std::chrono::nanoseconds time) {
  return std::chrono::steady_clock::now() + time;
}

class AcceptTurnsTest : public testing::Test {
 protected:
  /// Where there is no key, whoever comes is admitted.
  explicit AcceptTurnsTest(Acceptor::Rules rules = {}) : turns_(listening_, std::move(rules)) {}

  os::Handle dial() const { return os::connect_to(place_, os::never); }
  bool has_more() const {
    const std::array handles{turns_.handle()};
    return !os::wait_any(handles, os::at_once).empty();
  }

  const std::shared_ptr<const os::Handle> listening_ =
      std::make_shared<const os::Handle>(os::listen_at({"", "127.0.0.1", 0}, 256));
  const os::SocketAddress place_ = os::local_address(listening_->get());
  AcceptTurns turns_;
};

TEST_F(AcceptTurnsTest, EachThreadGetsAnother) {
  constexpr int count = 4;
  std::vector<Admitted> admitted(count);
  std::vector<os::Handle> clients;
  {
    std::vector<std::jthread> threads;
    for (Admitted& mine : admitted) {
      threads.emplace_back([this, &mine] { mine = turns_.accept(in(plenty)); });
    }
    for (int i = 0; i < count; ++i) {
      clients.push_back(dial());
    }
  }
  std::set<int> ports;
  for (const Admitted& each : admitted) {
    ports.insert(each.peer.port);
  }
  EXPECT_EQ(ports.size(), 4u);
}

TEST_F(AcceptTurnsTest, GiveUpInTime) {
  const auto gives_up = [this](std::chrono::nanoseconds time) {
    try {
      turns_.accept(in(time));
      return true;
    } catch (const TimeoutError&) {
      return false;
    }
  };
  EXPECT_TRUE(test::gives_up_in_time(gives_up));
  EXPECT_THROW(turns_.accept(os::at_once), TimeoutError);
}

TEST_F(AcceptTurnsTest, WhoWaitsForATurnGivesUpToo) {
  std::jthread looks([this] { turns_.accept(in(plenty)); });
  EXPECT_THROW(turns_.accept(in(20ms)), TimeoutError);
  const os::Handle client = dial();
}

TEST_F(AcceptTurnsTest, WhoHasComeIsTakenAtOnce) {
  const os::Handle first = dial();
  const os::Handle second = dial();
  EXPECT_TRUE(turns_.accept(os::at_once).handle);
  EXPECT_TRUE(has_more()) << "there is one left";
  EXPECT_TRUE(turns_.accept(os::at_once).handle);
  EXPECT_FALSE(has_more());
}

TEST_F(AcceptTurnsTest, AForkedChildMakesItsOwn) {
  EXPECT_TRUE(turns_.is_ours());
  test::Child child([this] { EXPECT_FALSE(turns_.is_ours()); });
  EXPECT_EQ(child.wait(), 0);
}

class AcceptTurnsWithAKey : public AcceptTurnsTest {
 protected:
  AcceptTurnsWithAKey() : AcceptTurnsTest({.key = Key("secret"), .patience = 20ms}) {}
};

TEST_F(AcceptTurnsWithAKey, AFailureIsThrownOnceAndTheNextOneMayCome) {
  const os::Handle silent = dial();
  EXPECT_THROW(turns_.accept(in(plenty)), AuthenticationError);
  EXPECT_THROW(turns_.accept(in(1ms)), TimeoutError);
}

/// At whose socket other processes accept as well.
class AcceptTurnsShared : public AcceptTurnsTest {
 protected:
  AcceptTurnsShared() { hall_->share(); }

  const std::shared_ptr<Hall> hall_ = Hall::make();
  AcceptTurns shared_{listening_, {.key = Key("secret"), .patience = plenty}, hall_};
};

TEST_F(AcceptTurnsShared, OneOfTwoThatGiveUpTogetherHandsOn) {
  const os::Handle silent = dial();
  for (int round = 0; round < 500; ++round) {
    const os::Deadline end = in(1ms);
    std::jthread other([this, end, round] {  // may wait for its turn until any moment of the end
      EXPECT_THROW(shared_.accept(end + round * 3us), TimeoutError);
    });
    EXPECT_THROW(shared_.accept(end), TimeoutError);
    other.join();
    const std::array handles{hall_->handle()};
    ASSERT_FALSE(os::wait_any(handles, os::at_once).empty()) << "in round " << round;
  }
}

}  // namespace
}  // namespace multiprocess::detail
