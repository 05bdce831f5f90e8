// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/handshake_state.hpp>

#include <multiprocess/detail/handshake.hpp>

#include "support/hex.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::bytes_of;
using test::to_hex;
using Role = Handshake::Role;

HandshakeRules rules(bool strict) {
  return {"a shared secret", strict, false, {"tcp 127.0.0.1 5000"}};
}

class HandshakeHeldBack : public testing::TestWithParam<bool> {
 protected:
  static HandshakeRules holding() {
    HandshakeRules held = rules(GetParam());
    held.holds_back = true;
    return held;
  }
  /// All that each has to say, until neither has anything.
  static void talk(Handshake& a, Handshake& b) {
    for (bool some = true; some;) {
      some = pass(a, b);
      some = pass(b, a) || some;
    }
  }

 private:
  static bool pass(Handshake& from, Handshake& to) {
    const std::vector<std::byte> bytes(from.output().begin(), from.output().end());
    from.sent(bytes.size());
    to.receive(bytes);
    return !bytes.empty();
  }
};
INSTANTIATE_TEST_SUITE_P(Form, HandshakeHeldBack, testing::Bool());

TEST_P(HandshakeHeldBack, TheClientWaitsForTheLastWord) {
  Handshake listener(Role::listener, holding());
  Handshake client(Role::client, rules(GetParam()));
  talk(listener, client);
  EXPECT_TRUE(listener.is_held_back());
  EXPECT_FALSE(client.is_over());
  listener.let_in();
  talk(listener, client);
  EXPECT_TRUE(listener.is_over() && !listener.has_failed());
  EXPECT_TRUE(client.is_over() && !client.has_failed());
}

TEST_P(HandshakeHeldBack, WhoGoesOnUnansweredFails) {
  Handshake listener(Role::listener, holding());
  Handshake client(Role::client, rules(GetParam()));
  talk(listener, client);
  listener.receive(bytes_of(std::string_view("\0\0\0\4more", 8)));
  EXPECT_TRUE(listener.has_failed());
}

TEST_P(HandshakeHeldBack, ItGoesOnElsewhereFromEachFrameOn) {
  Handshake client(Role::client, rules(GetParam()));
  auto listener = std::make_unique<Handshake>(Role::listener, holding());
  const auto move = [&listener] {
    const auto state = listener->state();
    ASSERT_TRUE(state);
    listener = std::make_unique<Handshake>(holding(), *state);
  };
  EXPECT_FALSE(listener->state()) << "there is something to be sent";
  client.receive(std::vector(listener->output().begin(), listener->output().end()));
  listener->sent(listener->output().size());
  move();
  talk(*listener, client);
  move();
  ASSERT_TRUE(listener->is_held_back());
  EXPECT_EQ(listener->frames(), GetParam() ? 1U : 2U);
  listener->let_in();
  client.receive(std::vector(listener->output().begin(), listener->output().end()));
  listener->sent(listener->output().size());
  EXPECT_TRUE(client.is_over());
  if (!GetParam()) {
    EXPECT_TRUE(listener->is_answered());
    move();
  }
  talk(*listener, client);
  EXPECT_TRUE(listener->is_over() && !listener->has_failed());
  ASSERT_EQ(listener->keys().has_value(), GetParam());
  if (GetParam()) {
    EXPECT_EQ(to_hex(listener->keys()->sending->bytes()),
              to_hex(client.keys()->receiving->bytes()));
  }
}

}  // namespace
}  // namespace multiprocess::detail
