// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/handshake.hpp>

#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/error.hpp>

#include "support/hex.hpp"
#include "support/recorded_handshake.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::bytes_of;
using test::from_hex;
using test::to_hex;
using Role = Handshake::Role;
using Frame = std::vector<std::byte>;

const Key the_key = "a shared secret";

Frame joined(const std::vector<Frame>& parts) {
  Frame all;
  for (const Frame& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

Frame counted(int first, int count) {
  Frame bytes;
  for (int i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::byte>(first + i));
  }
  return bytes;
}

Frame framed(const Frame& frame) {
  return joined(
      {{std::byte{}, std::byte{}, std::byte{}, static_cast<std::byte>(frame.size())}, frame});
}

/// Takes the frames that an end has to send.
std::vector<Frame> output_of(Handshake& end) {
  std::vector<Frame> frames;
  const Bytes output = end.output();
  for (std::size_t at = 0; at < output.size();) {
    const auto size = std::to_integer<std::size_t>(output[at + 3]);
    const Bytes frame = output.subspan(at + 4, size);
    frames.emplace_back(frame.begin(), frame.end());
    at += 4 + size;
  }
  end.sent(output.size());
  return frames;
}

HandshakeRules rules(bool strict = false) {
  return {the_key, strict, false, {"tcp 127.0.0.1 5000"}};
}

/// What Python has said, without the lengths.
Frame heard(std::span<const std::string_view> end, std::size_t nth) {
  const Frame whole = from_hex(end[nth]);
  return {whole.begin() + 4, whole.end()};
}

const Frame recorded_challenge = heard(test::recorded::of_listener, 0);
const Frame recorded_answer = heard(test::recorded::of_client, 0);

TEST(HandshakeMessages, AreThoseOfPython312) {
  EXPECT_EQ(recorded_challenge.size(), 0x3bU);
  EXPECT_EQ(answer_to(recorded_challenge, the_key, false), recorded_answer);
  EXPECT_TRUE(is_right_answer(recorded_answer, recorded_challenge, the_key, false));
  EXPECT_FALSE(is_right_answer(recorded_answer, recorded_challenge, "another", false));
  const Frame own = make_challenge();
  EXPECT_EQ(own.size(), recorded_challenge.size());
  EXPECT_TRUE(std::equal(own.begin(), own.begin() + 19, recorded_challenge.begin()));
}

TEST(HandshakeMessages, AreThoseThatPythonsClientSendsToo) {
  const Frame challenge = heard(test::recorded::of_client, 1);
  const Frame answer = heard(test::recorded::of_listener, 2);
  EXPECT_EQ(answer_to(challenge, the_key, false), answer);
  EXPECT_TRUE(is_right_answer(answer, challenge, the_key, false));
  EXPECT_FALSE(is_right_answer(answer, recorded_challenge, the_key, false));
}

TEST(HandshakeMessages, AreThoseOfPython311WhereThatIsAllowed) {
  const Frame old = joined({bytes_of("#CHALLENGE#"), counted(100, 20)});
  EXPECT_EQ(to_hex(answer_to(old, the_key, true)), "21c5d7e6d62dda2466afabd20f1f97c2");
  EXPECT_THROW(answer_to(old, the_key, false), AuthenticationError);
  const Frame md5 = from_hex("e72bf546bb0875b186dc159b3505f2ba");  // of all behind #CHALLENGE#
  EXPECT_TRUE(is_right_answer(md5, recorded_challenge, the_key, true));
  EXPECT_FALSE(is_right_answer(md5, recorded_challenge, the_key, false));
}

TEST(HandshakeMessages, MalformedOnesAreRefused) {
  for (const char* const text :
       {"", "#CHALLENGE", "#CHALLENGE#", "#CHALLENGE#{sha256}", "#CHALLENGE#{sha256}too short",
        "#CHALLENGE#{md5}0123456789012345678901234567890123456789",
        "#CHALLENGE#{sha384}0123456789012345678901234567890123456789",
        "#CHALLENGE#0123456789012345", "#WELCOME#"}) {
    EXPECT_THROW(answer_to(bytes_of(text), the_key, false), AuthenticationError) << text;
  }
  for (const char* const text : {"", "{sha256}", "{sha256}wrong", "0123456789012345", "{md5}"}) {
    EXPECT_FALSE(is_right_answer(bytes_of(text), recorded_challenge, the_key, true)) << text;
  }
}

/// One end after the other, until nobody has anything to say; `step` bytes at a time.
void talk(Handshake& listener, Handshake& client, std::size_t step) {
  for (bool said = true; said;) {
    said = false;
    for (auto [from, to] : {std::pair(&listener, &client), std::pair(&client, &listener)}) {
      while (!from->output().empty()) {
        const Bytes piece = from->output().first(std::min(step, from->output().size()));
        to->receive(piece);
        from->sent(piece.size());
        said = true;
      }
    }
  }
}

TEST(HandshakeEnds, AgreeWhateverPiecesTheBytesComeIn) {
  for (const bool strict : {false, true}) {
    for (const std::size_t step : {1U, 3U, 4U, 64U, 1000U}) {
      Handshake listener(Role::listener, rules(strict));
      Handshake client(Role::client, rules(strict));
      talk(listener, client, step);
      EXPECT_TRUE(listener.is_over() && !listener.has_failed()) << listener.why();
      EXPECT_TRUE(client.is_over() && !client.has_failed()) << client.why();
    }
  }
}

TEST(HandshakeEnds, FailForAnotherKey) {
  for (const bool strict : {false, true}) {
    HandshakeRules other = rules(strict);
    other.key = "another";
    Handshake listener(Role::listener, rules(strict));
    Handshake client(Role::client, other);
    talk(listener, client, 1000);
    EXPECT_TRUE(listener.has_failed());
    EXPECT_TRUE(client.has_failed());
    EXPECT_TRUE(listener.why().starts_with("digest received was wrong"));
    EXPECT_TRUE(client.why().starts_with("digest sent was rejected"));
  }
}

TEST(HandshakeEnds, OfDifferentFormsFailAtOnce) {
  for (const bool strict : {false, true}) {
    Handshake listener(Role::listener, rules(strict));
    Handshake client(Role::client, rules(!strict));
    talk(listener, client, 1000);
    EXPECT_TRUE(client.has_failed());
    EXPECT_NE(client.why().find("strict"), std::string::npos) << client.why();
  }
}

TEST(HandshakeOfAListener, SaysWhatPythonsDoes) {
  Handshake listener(Role::listener, rules());
  const std::vector<Frame> first = output_of(listener);
  ASSERT_EQ(first.size(), 1U);
  listener.receive(framed(answer_to(first[0], the_key, false)));
  EXPECT_EQ(output_of(listener), std::vector<Frame>{bytes_of("#WELCOME#")});
  listener.receive(framed(recorded_challenge));
  EXPECT_EQ(output_of(listener), std::vector<Frame>{recorded_answer});
  EXPECT_FALSE(listener.is_over());
  listener.receive(framed(bytes_of("#WELCOME#")));
  EXPECT_TRUE(listener.is_over() && !listener.has_failed());
}

/// A listener that has asked what Python's did.
Handshake replayed_listener() {
  HandshakeState state;
  state.challenge.size = static_cast<std::uint8_t>(recorded_challenge.size());
  std::ranges::copy(recorded_challenge, state.challenge.bytes.begin());
  return {rules(), state};
}

/// All that an end sends now, with the lengths.
Frame said_by(Handshake& end) {
  const Frame all(end.output().begin(), end.output().end());
  end.sent(all.size());
  return all;
}

TEST(HandshakeOfAListener, SaysToTheRecordedClientWhatTheRecordedListenerDid) {
  using test::recorded::of_client;
  using test::recorded::of_listener;
  Handshake listener = replayed_listener();
  listener.receive(from_hex(of_client.at(0)));
  EXPECT_EQ(said_by(listener), from_hex(of_listener.at(1)));
  listener.receive(from_hex(of_client.at(1)));
  EXPECT_EQ(said_by(listener), from_hex(of_listener.at(2)));
  EXPECT_EQ(listener.wanted(), from_hex(of_client.at(2)).size()) << "what follows is a message";
  listener.receive(from_hex(of_client.at(2)));
  EXPECT_TRUE(listener.is_over() && !listener.has_failed()) << listener.why();
}

TEST(HandshakeOfAListener, RefusesTheRecordedClientAsTheRecordedListenerDid) {
  Handshake listener = replayed_listener();
  listener.receive(from_hex(test::recorded::refused_client.at(0)));
  EXPECT_EQ(said_by(listener), from_hex(test::recorded::refusing_listener.at(1)));
  EXPECT_TRUE(listener.is_over() && listener.has_failed());
}

TEST(HandshakeOfAListener, TellsAWrongOneAndNothingElse) {
  Handshake listener(Role::listener, rules());
  output_of(listener);
  listener.receive(framed(recorded_answer));  // to another challenge
  EXPECT_EQ(output_of(listener), std::vector<Frame>{bytes_of("#FAILURE#")});
  EXPECT_EQ(listener.why(), "digest received was wrong");
}

TEST(HandshakeOfAClient, SaysWhatPythonsDoes) {
  Handshake client(Role::client, rules());
  EXPECT_TRUE(client.output().empty());
  client.receive(framed(recorded_challenge));
  const std::vector<Frame> said = output_of(client);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0], recorded_answer);
  client.receive(framed(bytes_of("#WELCOME#")));
  client.receive(framed(answer_to(said[1], the_key, false)));
  EXPECT_EQ(output_of(client), std::vector<Frame>{bytes_of("#WELCOME#")});
  EXPECT_TRUE(client.is_over() && !client.has_failed());
}

// Its own question is random: what the recorded listener answered is looked at above.
TEST(HandshakeOfAClient, SaysToTheRecordedListenerWhatTheRecordedClientDid) {
  Handshake client(Role::client, rules());
  client.receive(from_hex(test::recorded::of_listener.at(0)));
  const Frame said = said_by(client);
  const Frame answer = from_hex(test::recorded::of_client.at(0));
  const Frame question = from_hex(test::recorded::of_client.at(1));
  ASSERT_EQ(said.size(), answer.size() + question.size());
  EXPECT_TRUE(std::equal(answer.begin(), answer.end(), said.begin()));
  EXPECT_TRUE(std::equal(question.begin(), question.begin() + 4 + 19,  // the mark
                         said.begin() + static_cast<std::ptrdiff_t>(answer.size())));
  client.receive(from_hex(test::recorded::of_listener.at(1)));
  const Frame challenge(said.begin() + static_cast<std::ptrdiff_t>(answer.size()) + 4, said.end());
  client.receive(framed(answer_to(challenge, the_key, false)));
  EXPECT_EQ(said_by(client), from_hex(test::recorded::of_client.at(2)));
  EXPECT_TRUE(client.is_over() && !client.has_failed()) << client.why();
}

TEST(HandshakeOfAClient, IsToldThatItWasRefusedAsTheRecordedClientWas) {
  HandshakeRules other = rules();
  other.key = "another";
  Handshake client(Role::client, other);
  client.receive(from_hex(test::recorded::refusing_listener.at(0)));
  EXPECT_EQ(output_of(client).at(0), heard(test::recorded::refused_client, 0));
  client.receive(from_hex(test::recorded::refusing_listener.at(1)));
  EXPECT_EQ(client.why(), "digest sent was rejected");
}

TEST(HandshakeEnds, TakeNoMoreThanTheirOwnBytes) {
  Handshake listener(Role::listener, rules());
  const Frame challenge = output_of(listener).at(0);
  EXPECT_EQ(listener.wanted(), Handshake::most_wanted) << "the client waits for our verdict";
  listener.receive(framed(answer_to(challenge, the_key, false)));
  listener.receive(framed(recorded_challenge));
  EXPECT_EQ(listener.wanted(), 13U) << "what comes behind this verdict is no part of it";
  listener.receive(Frame{std::byte{}, std::byte{}});
  EXPECT_EQ(listener.wanted(), 11U);
  listener.receive(Frame{std::byte{}, std::byte{9}});
  EXPECT_EQ(listener.wanted(), 9U);
  listener.receive(bytes_of("#WELCOME#"));
  EXPECT_EQ(listener.wanted(), 0U);
  Handshake strict(Role::client, rules(true));
  strict.receive(framed(joined({bytes_of("#CHALLENGE#{cpp-mp/1}"), counted(0, 32)})));
  EXPECT_EQ(strict.wanted(), 13U);
  strict.receive(from_hex("0000002a"));
  EXPECT_EQ(strict.wanted(), 42U);
}

TEST(HandshakeEnds, RefuseLongFramesAtTheirHeader) {
  for (const char* const header : {"00000101", "7fffffff", "ffffffff", "80000000"}) {
    for (const Role role : {Role::listener, Role::client}) {
      for (const bool strict : {false, true}) {
        Handshake end(role, rules(strict));
        end.receive(from_hex(header));
        EXPECT_TRUE(end.has_failed()) << header;
        EXPECT_EQ(end.wanted(), 0U);
      }
    }
  }
}

TEST(HandshakeEnds, TakeFramesUpToTheLimit) {
  Handshake client(Role::client, rules());
  client.receive(from_hex("00000100"));
  EXPECT_FALSE(client.has_failed());
  client.receive(Frame(256));
  EXPECT_TRUE(client.has_failed());
}

Frame strict_mac(std::string_view label, const Frame& first, const Frame& second) {
  const std::string place = "tcp 127.0.0.1 5000";
  const auto mac = os::hmac_sha256(the_key.bytes(), {bytes_of(label),
                                                     from_hex("00"
                                                              "00000012"),
                                                     bytes_of(place), first, second});
  return {mac.begin(), mac.end()};
}

TEST(StrictHandshake, HasTheDocumentedBytes) {
  Handshake listener(Role::listener, rules(true));
  const Frame challenge = output_of(listener).at(0);
  const Frame mark = bytes_of("#CHALLENGE#{cpp-mp/1}");
  ASSERT_EQ(challenge.size(), mark.size() + 32);
  EXPECT_TRUE(std::equal(mark.begin(), mark.end(), challenge.begin()));
  const Frame theirs(challenge.begin() + static_cast<std::ptrdiff_t>(mark.size()), challenge.end());
  const Frame ours = counted(50, 32);
  listener.receive(
      framed(joined({bytes_of("{cpp-mp/1}"), ours, strict_mac("cpp-mp/1 client", ours, theirs)})));
  EXPECT_FALSE(listener.has_failed()) << listener.why();
  EXPECT_EQ(output_of(listener).at(0),
            joined({bytes_of("{cpp-mp/1}"), strict_mac("cpp-mp/1 server", theirs, ours)}));
}

TEST(StrictHandshake, FailsForAnotherPlace) {
  HandshakeRules other = rules(true);
  other.places = {"tcp 127.0.0.1 5001"};
  Handshake listener(Role::listener, rules(true));
  Handshake client(Role::client, other);
  talk(listener, client, 1000);
  EXPECT_TRUE(listener.has_failed());
  EXPECT_TRUE(client.has_failed());
}

TEST(StrictHandshake, AcceptsAnyOfTheListenersPlaces) {
  HandshakeRules many = rules(true);
  many.places.insert(many.places.begin(), "tcp 192.0.2.1 80");
  Handshake listener(Role::listener, many);
  Handshake client(Role::client, rules(true));
  talk(listener, client, 1000);
  EXPECT_FALSE(listener.has_failed());
  EXPECT_FALSE(client.has_failed());
}

TEST(StrictHandshake, GivesBothEndsTheSameKeys) {
  Handshake listener(Role::listener, rules(true));
  Handshake client(Role::client, rules(true));
  talk(listener, client, 1000);
  ASSERT_TRUE(listener.keys() && client.keys());
  EXPECT_EQ(to_hex(listener.keys()->sending->bytes()), to_hex(client.keys()->receiving->bytes()));
  EXPECT_EQ(to_hex(listener.keys()->receiving->bytes()), to_hex(client.keys()->sending->bytes()));
  EXPECT_NE(to_hex(client.keys()->sending->bytes()), to_hex(client.keys()->receiving->bytes()));
  Handshake again(Role::listener, rules(true));
  Handshake another(Role::client, rules(true));
  talk(again, another, 1000);
  EXPECT_NE(to_hex(again.keys()->sending->bytes()), to_hex(listener.keys()->sending->bytes()));
}

TEST(PlaceOf, IsTheSameForBothEnds) {
  EXPECT_EQ(place_of({"", "127.0.0.1", 5000}), "tcp 127.0.0.1 5000");
  EXPECT_EQ(place_of({"", "::ffff:127.0.0.1", 5000}), "tcp 127.0.0.1 5000");
  EXPECT_EQ(place_of({"/tmp/../tmp/x"}), place_of({"/tmp/x"}));
  EXPECT_TRUE(place_of({"/tmp/x"}).starts_with("path "));
  EXPECT_EQ(place_of({std::string("\0name", 5)}), "name name");
}

TEST(HandshakeEnds, SayThatTheOtherOneIsAnOlderPython) {
  Handshake listener(Role::listener, rules());
  listener.receive(framed(Frame(16)));
  EXPECT_NE(listener.why().find("legacy_md5"), std::string::npos) << listener.why();
}

}  // namespace
}  // namespace multiprocess::detail
