// SPDX-License-Identifier: BSD-3-Clause
// A listener's handshake that waits before its last word, or moves to another process.
#include <multiprocess/detail/handshake_state.hpp>

#include <multiprocess/detail/handshake.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

namespace {

using Stage = HandshakeState::Stage;
static_assert(std::is_trivially_copyable_v<HandshakeState>);

HandshakeState::Word packed(const std::vector<std::byte>& bytes) {
  HandshakeState::Word word;
  word.size = static_cast<std::uint8_t>(bytes.size());
  std::copy_n(bytes.begin(), word.size, word.bytes.begin());
  return word;
}

std::vector<std::byte> unpacked(const HandshakeState::Word& word) {
  const auto bytes = Bytes(word.bytes).first(std::min<std::size_t>(word.size, word.bytes.size()));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

void Handshake::hold_back(std::vector<std::byte> word) {
  last_word_ = std::move(word);
  next_ = &Handshake::come_too_early;
  if (!rules_.holds_back) {
    let_in();
  }
}

void Handshake::let_in() {
  send(last_word_);
  next_ = rules_.strict ? nullptr : &Handshake::expect_welcome;
}

void Handshake::come_too_early(Bytes) {
  fail("protocol error: the other end goes on before it was answered");
}

std::optional<Stage> Handshake::stage() const noexcept {
  if (filled_ != 0 || !output().empty() || has_failed()) {
    return std::nullopt;
  }
  if (is_over()) {
    return Stage::done;
  }
  if (is_held_back()) {
    return Stage::held_back;
  }
  if (is_answered()) {
    return Stage::answered;
  }
  return next_ == &Handshake::answer_second ? Stage::proven : Stage::asked;
}

std::optional<HandshakeState> Handshake::state() const {
  const auto where = stage();
  if (!where) {
    return std::nullopt;
  }
  return HandshakeState{*where,
                        frames_,
                        static_cast<std::uint32_t>(place_),
                        packed(challenge_),
                        packed(last_word_),
                        listener_nonce_,
                        client_nonce_};
}

Handshake::Handshake(HandshakeRules rules, const HandshakeState& state)
    : rules_(std::move(rules)),
      frames_(state.frames),
      challenge_(unpacked(state.challenge)),
      last_word_(unpacked(state.last_word)),
      listener_nonce_(state.listener_nonce),
      client_nonce_(state.client_nonce) {
  switch (state.stage) {
    case Stage::asked:
      next_ = rules_.strict ? &Handshake::check_strictly : &Handshake::check_answer_and_go_on;
      break;
    case Stage::proven:
      next_ = &Handshake::answer_second;
      break;
    case Stage::answered:
      next_ = &Handshake::expect_welcome;
      break;
    case Stage::done:
      if (rules_.strict) {
        welcome_strictly(state.place);
        next_ = nullptr;
      }
      break;
    case Stage::held_back:
      if (rules_.strict) {
        welcome_strictly(state.place);
      } else {
        hold_back(std::move(last_word_));
      }
  }
}

}  // namespace multiprocess::detail
