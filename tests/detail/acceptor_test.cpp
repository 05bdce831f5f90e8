// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/acceptor.hpp>

#include <multiprocess/detail/os/stream.hpp>

#include "support/dialler.hpp"
#include "support/hex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Dialler;

class AcceptorTest : public testing::Test {
 protected:
  Acceptor& acceptor(Acceptor::Rules rules = {.key = Key("secret")}) {
    acceptor_ = std::make_unique<Acceptor>(listening_.get(), std::move(rules));
    return *acceptor_;
  }
  Dialler dial(const char* key = "secret") const { return Dialler(place_, key); }

  /// Until the client has said all it can.
  bool let_in(Dialler& client) {
    for (int round = 0; round < 100 && !acceptor_->take_admitted(); ++round) {
      acceptor_->step();
      client.go_on();
      acceptor_->step();
    }
    return client.is_welcome();
  }

  os::Handle listening_ = os::listen_at({"", "127.0.0.1", 0}, 1024);
  const os::SocketAddress place_ = os::local_address(listening_.get());
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, NeverWaitsByItself) {
  Acceptor& own = acceptor();
  own.step();
  EXPECT_FALSE(own.take_admitted());
  EXPECT_FALSE(own.take_failure());
  EXPECT_EQ(own.next_deadline(), os::never);
}

TEST_F(AcceptorTest, AdmitsWhoProvesTheKey) {
  Acceptor& own = acceptor();
  Dialler client = dial();
  own.step(os::never);
  EXPECT_EQ(own.pending(), 1U);
  EXPECT_FALSE(own.take_admitted());
  EXPECT_NE(own.next_deadline(), os::never);
  EXPECT_TRUE(client.go_on());
  own.step(os::never);
  EXPECT_TRUE(client.go_on());
  own.step(os::never);
  const auto admitted = own.take_admitted();
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->peer.host, "127.0.0.1");
  EXPECT_FALSE(admitted->keys);
  EXPECT_EQ(own.pending(), 0U);
}

TEST_F(AcceptorTest, AdmitsAnybodyWithoutAKey) {
  Acceptor& own = acceptor({});
  const Dialler client = dial();
  own.step(os::never);
  EXPECT_TRUE(own.take_admitted());
}

TEST_F(AcceptorTest, TellsWhyOneFailed) {
  Acceptor& own = acceptor();
  Dialler client = dial("wrong");
  own.step(os::never);
  client.go_on();
  own.step(os::never);
  EXPECT_EQ(own.take_failure(), "digest received was wrong");
  Dialler other = dial();
  own.step(os::never);
  other.hang_up();
  own.step(os::never);
  EXPECT_EQ(own.take_failure(), "the other end hung up in the middle of the handshake");
  EXPECT_FALSE(own.take_failure());
}

TEST_F(AcceptorTest, GivesUpWhoTakesTooLong) {
  Acceptor& own = acceptor({.key = Key("secret"), .patience = 10ms});
  Dialler silent = dial();
  std::optional<std::string> failure;
  while (!failure) {
    own.step(os::never);
    failure = own.take_failure();
  }
  EXPECT_EQ(failure, "the other end took too long for the handshake");
  EXPECT_TRUE(silent.is_cut_off());
}

TEST_F(AcceptorTest, LooksAtWhatHasComeBeforeTheTimeIsOver) {
  Acceptor& own = acceptor({.key = Key("secret"), .patience = 100ms});
  Dialler client = dial();
  own.step(os::never);
  client.go_on();
  std::this_thread::sleep_until(own.next_deadline() + 1ms);  // nobody looked, that is our fault
  own.step();
  EXPECT_FALSE(own.take_failure());
  EXPECT_TRUE(let_in(client));
}

TEST_F(AcceptorTest, LooksAtAllThatHasComeBeforeAnybodysTimeIsOver) {
  Acceptor& own = acceptor({.key = Key("secret"), .patience = 500ms});
  std::vector<Dialler> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(dial());
    own.step();
  }
  for (Dialler& client : clients) {
    client.go_on();
  }
  std::this_thread::sleep_for(600ms);  // more than the patience: nobody looked, that is our fault
  own.step();
  EXPECT_FALSE(own.take_failure());
  EXPECT_EQ(own.pending(), 200U);
}

TEST_F(AcceptorTest, ServesOthersBesideSilentOnes) {
  acceptor();
  std::vector<Dialler> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(dial());
  }
  Dialler client = dial();
  EXPECT_TRUE(let_in(client));
}

/// As an event loop does.
void step_in_time(Acceptor& acceptor) {
  acceptor.step(acceptor.next_deadline());
}

TEST_F(AcceptorTest, KeepsOnlySoMany) {
  Acceptor& own = acceptor();
  std::vector<Dialler> silent;
  for (std::size_t i = 0; i < Acceptor::most_pending; ++i) {
    silent.push_back(dial());
    own.step();
  }
  EXPECT_EQ(own.pending(), Acceptor::most_pending);
  silent.push_back(dial());
  while (!silent.front().is_cut_off()) {
    step_in_time(own);
    EXPECT_LE(own.pending(), Acceptor::most_pending);
  }
  own.step();
  EXPECT_EQ(own.pending(), Acceptor::most_pending) << "its place is free at once";
  EXPECT_FALSE(silent[1].is_cut_off()) << "one goes for one who comes, the oldest";
  EXPECT_FALSE(own.take_failure()) << "and silently";
}

TEST_F(AcceptorTest, NobodyGoesAtOnceInAFullHouse) {
  Acceptor& own = acceptor();
  std::vector<Dialler> clients;
  const auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < 2 * Acceptor::most_pending; ++i) {
    clients.push_back(dial());
  }
  while (own.pending() < Acceptor::most_pending) {
    own.step();
  }
  const auto full = std::chrono::steady_clock::now();
  while (!clients.front().is_cut_off()) {
    step_in_time(own);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begun, Acceptor::Rules().grace);
  EXPECT_LE(own.next_deadline(), full + Acceptor::Rules().patience);
}

TEST_F(AcceptorTest, ABurstOfClientsLosesNobody) {
  // A minute: here all clients share one thread, which may be a slow one.
  Acceptor& own =
      acceptor({.key = Key("secret"), .patience = 60s, .grace = 60s, .longest_grace = 60s});
  std::vector<Dialler> clients;
  for (std::size_t i = 0; i < 3 * Acceptor::most_pending; ++i) {
    clients.push_back(dial());
  }
  std::size_t welcome = 0;
  while (welcome < clients.size()) {
    for (Dialler& client : clients) {  // one after the other, as on a busy machine
      own.step();
      client.go_on();
      welcome += own.take_admitted() ? 1 : 0;
      ASSERT_FALSE(own.take_failure());
      ASSERT_FALSE(!client.is_welcome() && client.is_cut_off());
    }
  }
}

std::chrono::nanoseconds delay_behind_silent_ones(std::size_t count) {
  const os::Handle listening = os::listen_at({"", "127.0.0.1", 0}, 2048);
  Acceptor own(listening.get(), {.key = Key("secret")});
  std::vector<os::Handle> silent;
  for (std::size_t i = 0; i < count; ++i) {
    silent.push_back(os::connect_to(os::local_address(listening.get()), os::never));
  }
  Dialler client(os::local_address(listening.get()));
  const auto begun = std::chrono::steady_clock::now();
  while (!own.take_admitted()) {
    step_in_time(own);
    client.go_on();
  }
  return std::chrono::steady_clock::now() - begun;
}

TEST_F(AcceptorTest, ThousandSilentOnesBeforeItDelayAClientOnlyABit) {
  EXPECT_LT(delay_behind_silent_ones(1000), Acceptor::Rules().patience)
      << "the benchmark knows how long exactly";
}

TEST_F(AcceptorTest, WhoHasSaidSomethingStaysLonger) {
  Acceptor& own = acceptor();
  Dialler client = dial();
  own.step(os::never);
  client.go_on();
  own.step(os::never);
  std::vector<Dialler> silent;
  for (std::size_t i = 0; i < Acceptor::most_pending; ++i) {
    silent.push_back(dial());
  }
  while (!silent.front().is_cut_off()) {
    step_in_time(own);
  }
  EXPECT_TRUE(let_in(client));
}

TEST_F(AcceptorTest, WhoWaitsForItsHandleIsWokenInAFullHouse) {
  Acceptor& own = acceptor();
  std::vector<Dialler> silent;  // so many that some are outside, however slow the machine is
  for (std::size_t i = 0; i < 3 * Acceptor::most_pending; ++i) {
    silent.push_back(dial());
  }
  while (own.pending() < Acceptor::most_pending) {
    own.step();
  }
  own.step();  // finds the house full
  own.rest();
  EXPECT_TRUE(os::wait_readable(own.handle(), os::at_once));
}

TEST_F(AcceptorTest, IsReadableWhileThereIsSomethingToDo) {
  Acceptor& own = acceptor({});
  EXPECT_FALSE(os::wait_readable(own.handle(), os::at_once));
  const Dialler one = dial();
  const Dialler two = dial();
  EXPECT_TRUE(os::wait_readable(own.handle(), os::at_once));
  own.step(os::never);
  own.step();
  own.rest();
  EXPECT_TRUE(os::wait_readable(own.handle(), os::at_once)) << "two are there to be taken";
  EXPECT_TRUE(own.take_admitted());
  EXPECT_FALSE(own.take_admitted()) << "it may be another process that takes the second one";
  own.step();
  EXPECT_TRUE(own.take_admitted());
  own.rest();
  EXPECT_FALSE(os::wait_readable(own.handle(), os::at_once));
}

TEST_F(AcceptorTest, StrictOnesGetKeysOnTcp) {
  Acceptor& own = acceptor({.key = Key("secret"), .strict = true});
  const os::Handle stream = os::connect_to(place_, os::never);
  Handshake client(Handshake::Role::client, {"secret", true, false, {place_of(place_)}});
  std::array<std::byte, Handshake::most_wanted> space;
  while (!client.is_over()) {
    own.step();
    const auto got = os::read_now(stream.get(), std::span(space).first(client.wanted()));
    client.receive(std::span(space).first(got.value_or(0)));
    os::write_all(stream.get(), client.output());
    client.sent(client.output().size());
  }
  own.step();
  const auto admitted = own.take_admitted();
  ASSERT_TRUE(admitted && admitted->keys);
  EXPECT_EQ(test::to_hex(admitted->keys->sending->bytes()),
            test::to_hex(client.keys()->receiving->bytes()));
}

}  // namespace
}  // namespace multiprocess::detail
