// SPDX-License-Identifier: BSD-3-Clause
// When there is nobody at the other end any more: EOFError and a broken pipe.
#include <multiprocess/connection.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/process.hpp>

#include "support/child.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::Connection;
using mp::test::plenty;
using mp::test::require;

namespace {

class ConnectionEnds : public mp::test::StartMethods {};
MULTIPROCESS_FOR_EACH_START_METHOD(ConnectionEnds);

/// Waits for it, within a second or so.
bool ends(const Connection& connection) {
  if (!connection.poll(5s)) {
    return false;
  }
  try {
    connection.recv();
    return false;
  } catch (const mp::EOFError&) {
    return true;
  }
}

/// Sends until nobody receives any more.
bool breaks(const Connection& connection, std::size_t size = 10) {
  const auto start = std::chrono::steady_clock::now();
  try {
    while (std::chrono::steady_clock::now() - start < 10s) {
      connection.send_bytes(std::string(size, 'x'));
    }
    return false;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::broken_pipe;
  }
}

bool is_open(const Connection& connection) {
  return !connection.poll(30ms);
}

/// `other` is inherited by a fork, else a copy.
void wait_for_a_word(const Connection& mine, const Connection& other) {
  other.close();
  mine.recv();
}

TEST_P(ConnectionEnds, TheEndOfAJoinedProcessIsTheEnd) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(&wait_for_a_word, there, here);
  there.close();
  EXPECT_TRUE(is_open(here));
  here.send(1);
  child.join(plenty);
  EXPECT_TRUE(ends(here));
  EXPECT_THROW(here.send(1), std::system_error) << "at once";
}

TEST_P(ConnectionEnds, TheEndOfAProcessThatNobodyJoinsIsTheEnd) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(&wait_for_a_word, there, here);
  there.close();
  here.send(1);
  EXPECT_TRUE(ends(here));
  EXPECT_TRUE(breaks(here));
  child.join(plenty);
}

TEST_P(ConnectionEnds, AKilledProcessIsTheEnd) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(&wait_for_a_word, there, here);
  there.close();
  EXPECT_TRUE(is_open(here));
  child.kill();
  EXPECT_TRUE(ends(here));
  EXPECT_TRUE(breaks(here));
  child.join(plenty);
}

TEST_P(ConnectionEnds, ASenderNoticesAKilledReceiver) {
  for (const std::size_t size : {10U, 100'000U, 5U << 20}) {  // it sleeps for room, mostly
    const auto [reader, writer] = mp::Pipe(false);
    mp::Process child = start(&wait_for_a_word, reader, writer);
    reader.close();
    const std::jthread killer([&child] {
      std::this_thread::sleep_for(20ms);
      child.kill();
    });
    EXPECT_TRUE(breaks(writer, size));
    child.join(plenty);
  }
}

TEST_P(ConnectionEnds, ASleepingReceiverNoticesAKilledSender) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(&wait_for_a_word, there, here);
  there.close();
  const std::jthread killer([&child] {
    std::this_thread::sleep_for(20ms);
    child.kill();
  });
  EXPECT_THROW(here.recv(), mp::EOFError);
  child.join(plenty);
}

TEST_P(ConnectionEnds, AChildSeesThatItsParentHasClosed) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(
      [](const Connection& mine, const Connection& other) {
        other.close();
        mine.send("ready");
        require(ends(mine));
        require(breaks(mine));
      },
      there, here);
  EXPECT_EQ(here.recv<std::string>(), "ready");
  here.close();
  child.join(plenty);
  EXPECT_EQ(child.exitcode(), 0);
}

TEST_P(ConnectionEnds, AChildThatWaitsForRoomSeesThatItsParentHasClosed) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(
      [](const Connection& mine, const Connection& other) {
        other.close();
        require(breaks(mine, 1 << 20));
      },
      there, here);
  there.close();
  EXPECT_TRUE(here.poll(mp::forever));
  std::this_thread::sleep_for(10ms);
  here.close();
  child.join(plenty);
  EXPECT_EQ(child.exitcode(), 0);
}

TEST_P(ConnectionEnds, OneOfSeveralCopiesIsNotTheEnd) {
  const auto [here, there] = mp::Pipe();
  mp::Process first = start(&wait_for_a_word, there, here);
  mp::Process second = start(&wait_for_a_word, there, here);
  EXPECT_TRUE(is_open(here));
  there.close();
  EXPECT_TRUE(is_open(here));
  here.send(1);  // for one of them
  while (first.is_alive() && second.is_alive()) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(is_open(here));
  here.send(2);
  EXPECT_TRUE(ends(here));
  first.join(plenty);
  second.join(plenty);
}

TEST_P(ConnectionEnds, AGrandchildKeepsItsCopyAlone) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(
      [method = GetParam()](const Connection& mine, const Connection& other) {
        other.close();
        mp::ProcessOptions orphan;
        orphan.start_method = method;
        orphan.outlive_parent = true;
        mp::Process grandchild(orphan, [mine] { mine.recv(); });
        grandchild.start();
        mine.close();
        std::_Exit(0);
      },
      there, here);
  there.close();
  child.join(plenty);
  EXPECT_TRUE(is_open(here));
  here.send(1);
  EXPECT_TRUE(ends(here));
}

TEST_P(ConnectionEnds, EverythingThatWasSentComesFirst) {
  const auto [here, there] = mp::Pipe();
  mp::Process child = start(
      [](const Connection& mine) {
        for (int i = 0; i < 500; ++i) {
          mine.send(i);
        }
        mine.send(std::string(3'000'000, 'x'));
        mp::test::die();
      },
      there);
  there.close();
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(here.recv<int>(), i);
  }
  EXPECT_EQ(here.recv<std::string>().size(), 3'000'000U);
  EXPECT_TRUE(ends(here));
  child.join(plenty);
}

TEST_P(ConnectionEnds, ASenderThatIsKilledHalfwayLeavesNoHalfMessage) {
  constexpr std::size_t size = 64 << 20;
  for (const auto time : {0ms, 5ms, 20ms}) {
    const auto [here, there] = mp::Pipe();
    mp::Process child = start(
        [](const Connection& mine) {
          mine.send("now");
          while (true) {
            mine.send_bytes(std::string(size, 'x'));
          }
        },
        there);
    there.close();
    EXPECT_EQ(here.recv<std::string>(), "now");
    std::this_thread::sleep_for(time);
    child.kill();
    try {
      while (true) {
        ASSERT_EQ(here.recv_bytes().size(), size);
      }
    } catch (const mp::EOFError&) {
    }
    child.join(plenty);
  }
}

// What a fork inherits without being given it.

TEST(ConnectionEndsByFork, AChildThatHoldsTheOtherEndKeepsItOpen) {
  const auto [here, there] = mp::Pipe();
  mp::test::Gate may_end;
  mp::test::Child child([&] { may_end.wait(); });
  there.close();
  EXPECT_TRUE(is_open(here));
  here.send(1);
  may_end.open();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(ends(here));
  EXPECT_TRUE(breaks(here));
}

TEST(ConnectionEndsByFork, ClosingInAChildIsForTheChild) {
  const auto [here, there] = mp::Pipe();
  mp::test::Child child([here = here, there = there] {
    here.close();
    there.close();
    EXPECT_TRUE(here.closed());
  });
  EXPECT_EQ(child.wait(), 0);
  there.send(1);
  EXPECT_EQ(here.recv<int>(), 1);
  EXPECT_TRUE(is_open(here));
}

}  // namespace
