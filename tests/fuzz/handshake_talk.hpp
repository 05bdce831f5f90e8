// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "fuzz/fuzz.hpp"

#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace multiprocess::test {

/// One end of a handshake, and what the input lets the other one say: the first byte chooses the
/// form, then each says what comes next. Who has not used the key does not get in.
class HandshakeTalk {
 public:
  using Role = detail::Handshake::Role;
  using Frame = std::vector<std::byte>;

  enum Say : std::uint8_t { bytes, answer, challenge, welcome, failure, proof, frame, kinds };

  HandshakeTalk(Role role, Input& input)
      : role_(role),
        form_(input.byte()),
        end_(role, {"secret", is_strict(), (form_ & 2) != 0, {"tcp 127.0.0.1 5000"}}) {}

  void run(Input& input) {
    listen();
    while (!input.empty() && !end_.is_over()) {
      say(input);
      listen();
    }
    require(end_.wanted() <= detail::Handshake::most_wanted, "no more than that is wanted");
    require(!end_.is_over() || end_.wanted() == 0, "who is done wants nothing");
    require(end_.has_failed() || !end_.is_over() || used_key_, "only the key opens");
    require(end_.keys().has_value() == (is_strict() && end_.is_over() && !end_.has_failed()),
            "keys are there after a strict handshake alone");
  }

 private:
  bool is_strict() const { return (form_ & 1) != 0; }

  /// Keeps the last challenge, or nonce, that the end has sent.
  void listen() {
    const detail::Bytes output = end_.output();
    for (std::size_t at = 0; at + 4 <= output.size();) {
      const auto size = std::to_integer<std::size_t>(output[at + 3]);
      require(at + 4 + size <= output.size(), "what it says are frames");
      const detail::Bytes said = output.subspan(at + 4, size);
      if (size > 40) {
        heard_.assign(said.begin(), said.end());
      }
      at += 4 + size;
    }
    end_.sent(output.size());
  }

  void say(Input& input) {
    switch (input.byte() % kinds) {
      case bytes:
        say_raw(take(input, input.byte()));
        break;
      case answer:
        say_answer();
        break;
      case challenge:
        say_frame(is_strict() ? strict_challenge() : detail::make_challenge());
        break;
      case welcome:
        say_frame(detail::welcome());
        break;
      case failure:
        say_frame(detail::failure());
        break;
      case proof:
        say_proof();
        break;
      default:
        say_frame(take(input, input.byte()));
    }
  }

  static Frame take(Input& input, std::size_t count) {
    Frame taken;
    while (taken.size() < count && !input.empty()) {
      taken.push_back(static_cast<std::byte>(input.byte()));
    }
    return taken;
  }

  void say_raw(detail::Bytes all) { end_.receive(all); }
  void say_frame(detail::Bytes said) {
    Frame all{std::byte{}, std::byte{}, std::byte{}, static_cast<std::byte>(said.size())};
    all.insert(all.end(), said.begin(), said.end());
    say_raw(all);
  }

  static constexpr std::string_view mark = "#CHALLENGE#{cpp-mp/1}";
  static constexpr std::string_view digest = "{cpp-mp/1}";

  static Frame text(std::string_view words) {
    const auto view = std::as_bytes(std::span(words));
    return {view.begin(), view.end()};
  }
  Frame strict_challenge() {
    Frame all = text(mark);
    all.insert(all.end(), own_nonce_.begin(), own_nonce_.end());
    return all;
  }

  void say_answer() {
    try {
      say_frame(detail::answer_to(heard_, "secret", true));
      used_key_ = true;
    } catch (const AuthenticationError&) {  // there was no challenge yet
    }
  }

  /// What the strict form wants from an end that has the key.
  void say_proof() {
    const bool to_listener = role_ == Role::listener;
    const std::size_t begin = to_listener ? mark.size() : digest.size();
    if (heard_.size() < begin + 32) {
      return;
    }
    const detail::Bytes theirs = detail::Bytes(heard_).subspan(begin, 32);
    const std::string_view label = to_listener ? "cpp-mp/1 client" : "cpp-mp/1 server";
    const auto mac = detail::os::hmac_sha256(
        std::as_bytes(std::span(std::string_view("secret"))),
        {text(label), Frame{std::byte{}, std::byte{}, std::byte{}, std::byte{}, std::byte{18}},
         text("tcp 127.0.0.1 5000"), own_nonce_, theirs});
    Frame all = text(digest);
    if (to_listener) {
      all.insert(all.end(), own_nonce_.begin(), own_nonce_.end());
    }
    all.insert(all.end(), mac.begin(), mac.end());
    used_key_ = true;
    say_frame(all);
  }

  Role role_;
  std::uint8_t form_;
  detail::Handshake end_;
  Frame heard_;
  Frame own_nonce_ = Frame(32, std::byte{5});
  bool used_key_ = false;
};

inline std::vector<std::byte> words(std::initializer_list<int> all) {
  std::vector<std::byte> bytes;
  for (const int each : all) {
    bytes.push_back(static_cast<std::byte>(each));
  }
  return bytes;
}

}  // namespace multiprocess::test
