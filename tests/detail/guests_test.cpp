// SPDX-License-Identifier: BSD-3-Clause
// Whom an acceptor has to do with at once, as Listeners have them.
#include <multiprocess/detail/guests.hpp>

#include <multiprocess/detail/acceptor.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include "support/dialler.hpp"
#include "support/hex.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Dialler;

class GuestsOfAcceptors : public testing::Test {
 protected:
  Dialler dial() const { return Dialler(place_); }
  /// Until it waits for nothing but the last word.
  static void prove(Acceptor& to, Dialler& client) {
    do {
      to.step();
    } while (!client.go_on());
    to.step();
  }

  const os::Handle listening_ = os::listen_at({"", "127.0.0.1", 0}, 1024);
  const os::SocketAddress place_ = os::local_address(listening_.get());
};

class GuestsOneAtATime : public GuestsOfAcceptors {
 protected:
  /// At whose socket other processes accept as well.
  Acceptor& acceptor(std::chrono::nanoseconds patience) {
    hall_->share();
    return own_.emplace(listening_.get(), AcceptRules{.key = Key("secret"), .patience = patience},
                        hall_);
  }
  /// Both have proven the key, the first one first.
  void prove_both(Dialler& first, Dialler& second) {
    while (own_->pending() < 2) {
      own_->step(os::never);
    }
    prove(*own_, first);
    prove(*own_, second);
  }
  /// Until the client has said all it can.
  bool let_in(Dialler& client) {
    for (int round = 0; round < 100 && !own_->take_admitted(); ++round) {
      own_->step();
      client.go_on();
      own_->step();
    }
    return client.is_welcome();
  }

  const std::shared_ptr<Hall> hall_ = Hall::make();
  std::optional<Acceptor> own_;
  Dialler first_ = dial();
  Dialler second_ = dial();
};

TEST_F(GuestsOneAtATime, NobodyIsToldWhoIsNotTakenNext) {
  Acceptor& own = acceptor(60s);
  prove_both(first_, second_);
  EXPECT_TRUE(first_.go_on());
  second_.go_on();
  EXPECT_TRUE(first_.is_welcome());
  EXPECT_FALSE(second_.is_welcome());
  own.step();
  own.step();
  EXPECT_TRUE(own.take_admitted());
  EXPECT_FALSE(own.take_admitted());
  own.rest();
  EXPECT_TRUE(os::wait_readable(own.handle(), os::at_once)) << "there is one to be told";
  EXPECT_TRUE(let_in(second_));
}

TEST_F(GuestsOneAtATime, WhoWaitsForUsHasTime) {
  Acceptor& own = acceptor(500ms);
  prove_both(first_, second_);
  first_.go_on();
  own.step();
  std::this_thread::sleep_for(600ms);  // more than the patience
  own.step();
  EXPECT_TRUE(own.take_admitted());
  EXPECT_FALSE(own.take_failure());
  EXPECT_TRUE(let_in(second_));
}

TEST_F(GuestsOneAtATime, OneWhoDoesNotAnswerTheLastWordKeepsOthersNotLong) {
  Acceptor& own = acceptor(60s);
  prove_both(first_, second_);
  EXPECT_NE(own.awaited_until(), os::at_once);
  while (!second_.is_welcome()) {
    own.step(own.next_deadline());
    second_.go_on();
  }
}

TEST_F(GuestsOneAtATime, OneWhoDoesNotAnswerTheLastWordHidesNobodyWhoComesLater) {
  Acceptor& own = acceptor(60s);
  while (own.pending() < 2) {
    own.step(os::never);
  }
  prove(own, first_);
  while (own.awaited_until() > std::chrono::steady_clock::now()) {
    own.step(own.next_deadline());
  }
  const Dialler third = dial();
  own.step(std::chrono::steady_clock::now() + 1s);
  EXPECT_EQ(own.pending(), 3U);
}

TEST_F(GuestsOneAtATime, WhoHasAnsweredTheLastWordIsInTime) {
  Acceptor& own = acceptor(500ms);
  prove_both(first_, second_);
  while (!second_.is_welcome()) {
    own.step(own.next_deadline());
    second_.go_on();
  }
  first_.go_on();
  std::this_thread::sleep_for(600ms);  // more than the patience
  own.step();
  EXPECT_TRUE(own.take_admitted());
  own.step();
  EXPECT_TRUE(own.take_admitted()) << "it was kept waiting for the other one to be taken";
  EXPECT_FALSE(own.take_failure());
}

TEST_F(GuestsOneAtATime, NobodySilentKeepsUsBusyWhileOneIsAwaited) {
  Acceptor& own = acceptor(60s);
  while (own.pending() < 2) {
    own.step(os::never);
  }
  std::this_thread::sleep_for(AcceptRules().longest_grace);
  prove(own, second_);
  EXPECT_NE(own.awaited_until(), os::at_once);
  EXPECT_GE(own.next_deadline(), own.awaited_until());
}

/// Two processes at one socket, here in one.
class GuestsShared : public GuestsOfAcceptors {
 protected:
  explicit GuestsShared(const AcceptRules& rules = {.key = Key("secret")})
      : here_(listening_.get(), rules, hall_), there_(listening_.get(), rules, hall_) {
    hall_->share();
  }

  const std::shared_ptr<Hall> hall_ = Hall::make();
  Acceptor here_;
  Acceptor there_;
};

TEST_F(GuestsShared, WhoIsNotTakenHereIsTakenThere) {
  Dialler client = dial();
  here_.step(os::never);
  EXPECT_EQ(here_.pending(), 1U);
  here_.hand_on();
  EXPECT_EQ(here_.pending(), 0U);
  EXPECT_TRUE(os::wait_readable(there_.handle(), os::at_once));
  client.go_on();
  there_.step(os::never);
  client.go_on();
  EXPECT_TRUE(client.is_welcome());
  there_.step(os::never);
  const auto admitted = there_.take_admitted();
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->peer.host, "127.0.0.1");
}

TEST_F(GuestsShared, WhoWasToldIsHandedOnAsWell) {
  Dialler client = dial();
  here_.step(os::never);
  client.go_on();
  here_.step(os::never);
  here_.hand_on();
  client.go_on();
  ASSERT_TRUE(client.is_welcome());
  there_.step(os::never);
  EXPECT_TRUE(there_.take_admitted());
}

TEST_F(GuestsShared, NobodyElseIsTakenWhileOneCanBeLetIn) {
  Dialler first = dial();
  here_.step(os::never);
  first.go_on();
  here_.step(os::never);  // it is told
  const Dialler second = dial();
  here_.step();
  here_.step();
  EXPECT_EQ(here_.pending(), 1U);
  there_.step(os::never);
  EXPECT_EQ(there_.pending(), 1U);
}

TEST_F(GuestsShared, ManySilentOnesAreHandedOnAndDelayNobody) {
  std::vector<Dialler> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(dial());
    here_.step(os::never);
  }
  here_.hand_on();
  Dialler client = dial();
  while (!there_.take_admitted()) {
    there_.step();
    client.go_on();
  }
  EXPECT_FALSE(silent.front().is_cut_off());
  EXPECT_FALSE(silent.back().is_cut_off());
}

TEST_F(GuestsShared, ManyInTheHallKeepNobodyInTheQueue) {
  std::vector<Dialler> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(dial());
    here_.step(os::never);
  }
  here_.hand_on();
  Dialler client = dial();
  for (int i = 0; i < 4; ++i) {
    there_.step(os::never);
  }
  EXPECT_TRUE(client.go_on()) << "it was asked";
}

TEST_F(GuestsShared, ManyInTheQueueKeepNobodyInTheHall) {
  const Dialler client = dial();
  here_.step(os::never);
  here_.hand_on();
  std::vector<Dialler> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(dial());
  }
  for (int i = 0; i < 4; ++i) {
    there_.step(os::never);
  }
  EXPECT_FALSE(os::wait_readable(hall_->handle(), os::at_once));
}

TEST_F(GuestsShared, WhoHasProvenTheKeyIsHandedOnFirst) {
  std::vector<Dialler> silent;
  for (int i = 0; i < 40; ++i) {
    silent.push_back(dial());
  }
  Dialler first = dial();
  Dialler second = dial();
  while (here_.pending() < 42) {
    here_.step(os::never);
  }
  prove(here_, first);
  prove(here_, second);
  here_.hand_on();
  EXPECT_EQ(hall_->take()->second.handshake.stage, HandshakeState::Stage::answered);
  EXPECT_EQ(hall_->take()->second.handshake.stage, HandshakeState::Stage::held_back);
  EXPECT_EQ(hall_->take()->second.handshake.stage, HandshakeState::Stage::asked);
}

/// With one who has proven the key and is not taken here.
class GuestsSharedByMany : public GuestsShared {
 protected:
  GuestsSharedByMany() {
    while (here_.pending() < 2) {
      here_.step(os::never);
    }
    prove(here_, first_);
    prove(here_, second_);
    first_.go_on();
  }
  /// Who have said nothing since.
  void fill_hall(os::Deadline heard) const {
    const Hall::Guest guest{HandshakeState(), os::never, heard};
    const os::Handle stream = os::connect_to(place_, os::never);
    while (hall_->leave(stream.get(), guest)) {
    }
  }
  void hand_on() {
    while (!here_.take_admitted()) {
      here_.step(os::never);
    }
    here_.hand_on();
  }
  bool is_served_there() {
    for (int round = 0; round < 10'000 && !there_.take_admitted(); ++round) {
      there_.step();
      second_.go_on();
    }
    return second_.is_welcome();
  }

  Dialler first_ = dial();
  Dialler second_ = dial();
};

TEST_F(GuestsSharedByMany, WhoHasBeenSilentForLongMakesRoom) {
  fill_hall({});
  hand_on();
  EXPECT_EQ(here_.pending(), 0U);
  EXPECT_TRUE(is_served_there());
}

TEST_F(GuestsSharedByMany, WhoHasProvenTheKeyChangesPlacesWithOneWhoIsSilent) {
  fill_hall(std::chrono::steady_clock::now() + 5s);
  hand_on();
  EXPECT_EQ(here_.pending(), 1U);
  EXPECT_TRUE(is_served_there());
}

/// The hall is theirs from a moment on.
/// The hall is theirs from a moment on.
TEST_F(GuestsOfAcceptors, WhoIsDoneIsHandedOnAsWell) {
  for (const bool strict : {false, true}) {
    const std::shared_ptr<Hall> hall = Hall::make();
    const AcceptRules rules{.key = Key("secret"), .strict = strict};
    Acceptor here(listening_.get(), rules, hall);
    Dialler first(place_, "secret", strict);
    Dialler second(place_, "secret", strict);
    for (Dialler* const each : {&first, &second}) {
      while (!each->is_welcome()) {
        here.step();
        each->go_on();
      }
      here.step();
    }
    hall->share();
    EXPECT_TRUE(here.take_admitted());
    here.hand_on();
    EXPECT_FALSE(here.take_admitted());
    Acceptor there(listening_.get(), rules, hall);
    there.step(os::never);
    const auto admitted = there.take_admitted();
    ASSERT_TRUE(admitted);
    ASSERT_EQ(admitted->keys.has_value(), strict);
    if (strict) {
      EXPECT_EQ(test::to_hex(admitted->keys->sending->bytes()),
                test::to_hex(second.keys()->receiving->bytes()));
    }
  }
}

class GuestsSharedStrictly : public GuestsShared {
 protected:
  GuestsSharedStrictly() : GuestsShared({.key = Key("secret"), .strict = true}) {}
};

TEST_F(GuestsSharedStrictly, TheKeysOfTheFramesAreTheSameThere) {
  Dialler first(place_, "secret", true);
  Dialler second(place_, "secret", true);
  while (here_.pending() < 2) {
    here_.step(os::never);
  }
  prove(here_, first);
  prove(here_, second);
  EXPECT_TRUE(here_.take_admitted());
  ASSERT_EQ(here_.pending(), 1U);
  here_.hand_on();
  there_.step();
  second.go_on();
  const auto admitted = there_.take_admitted();
  ASSERT_TRUE(admitted && admitted->keys && second.keys());
  EXPECT_EQ(test::to_hex(admitted->keys->sending->bytes()),
            test::to_hex(second.keys()->receiving->bytes()));
}

}  // namespace
}  // namespace multiprocess::detail
