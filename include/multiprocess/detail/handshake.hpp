// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/authentication.hpp>
#include <multiprocess/detail/bytes.hpp>
#include <multiprocess/detail/handshake_state.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/process_state.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace multiprocess::detail {

/// The messages of Python's handshake. Each half has one end that asks and one that answers.

/// A message that asks for proof of the key, with 40 random bytes.
std::vector<std::byte> make_challenge();

/// The message that proves it. Throws AuthenticationError for what is no challenge, and unless
/// `legacy_md5` for one of Python 3.11 or older.
std::vector<std::byte> answer_to(Bytes challenge, const Key& key, bool legacy_md5);

/// Whether an answer proves it. Takes the same time wherever a wrong one is wrong.
bool is_right_answer(Bytes answer, Bytes challenge, const Key& key, bool legacy_md5);

Bytes welcome() noexcept;
Bytes failure() noexcept;

/// How the address of a stream stands in a strict handshake.
std::string place_of(const os::SocketAddress& address);

/// What an end of a handshake goes by.
struct HandshakeRules {
  Key key;
  bool strict = false;
  bool legacy_md5 = false;
  /// Strict: where the client has connected to; for a listener all that it may have taken for it.
  std::vector<std::string> places = {};
  /// For a listener: the word after which the client is done waits for let_in().
  bool holds_back = false;
};

/// With what the frames of a strict connection are sealed, in each direction.
struct SessionKeys {
  std::shared_ptr<const Secret> sending;
  std::shared_ptr<const Secret> receiving;
};

/// One end of a handshake: bytes in, bytes out. Whoever drives it, reads and writes for it.
///
/// Python's form: the listener asks and the client answers, then the other way round; ours sends
/// the client's answer and its question together, which are the same bytes in the same order. The
/// strict form has roles and the place in what is proven, and ends with keys for the frames.
class Handshake {
 public:
  enum class Role { listener, client };
  static constexpr std::size_t longest_frame = 256;
  static constexpr std::size_t most_wanted = 2 * longest_frame;

  Handshake(Role role, HandshakeRules rules);
  /// A listener's end that goes on where another one was.
  Handshake(HandshakeRules rules, const HandshakeState& state);

  /// What is to be sent now, also by an end that has failed: the other one is told.
  Bytes output() const noexcept { return Bytes(output_).subspan(sent_); }
  void sent(std::size_t count) noexcept { sent_ += count; }

  /// How many bytes it takes next, at most `most_wanted`; more than these may belong to what
  /// follows the handshake. At least 1 until it is over.
  std::size_t wanted() const noexcept;
  /// At most as many.
  void receive(Bytes bytes);

  /// Nothing more comes in: the other end has proven the key, or not.
  bool is_over() const noexcept { return next_ == nullptr; }
  /// The client has proven the key and waits for the word that is held back.
  bool is_held_back() const noexcept { return next_ == &Handshake::come_too_early; }
  /// Says it.
  void let_in();
  /// It was said, and the client has yet to answer.
  bool is_answered() const noexcept { return next_ == &Handshake::expect_welcome; }
  bool has_failed() const noexcept { return !why_.empty(); }
  const std::string& why() const noexcept { return why_; }

  /// How many whole frames have come.
  unsigned frames() const noexcept { return frames_; }

  /// Of a listener's end; none once it has failed, and in the middle of a frame.
  std::optional<HandshakeState> state() const;

  /// After a strict handshake.
  const std::optional<SessionKeys>& keys() const noexcept { return keys_; }

 private:
  using Step = void (Handshake::*)(Bytes frame);
  static constexpr std::size_t header = 4;

  std::size_t missing() const noexcept { return header + expected_.value_or(0) - filled_; }
  bool is_last_frame() const noexcept;
  std::optional<HandshakeState::Stage> stage() const noexcept;
  void take_header();
  void take_frame();
  void send(Bytes frame);
  void fail(std::string why);

  void challenge();
  void answer_and_challenge(Bytes frame);
  void check_answer_and_go_on(Bytes frame);
  void answer_second(Bytes frame);
  void hold_back(std::vector<std::byte> word);
  void come_too_early(Bytes frame);
  void expect_welcome_then_answer(Bytes frame);
  void check_second_answer(Bytes frame);
  void expect_welcome(Bytes frame);
  bool check_answer(Bytes frame);
  bool is_welcome(Bytes frame);

  void begin_strictly();
  void prove_strictly(Bytes frame);
  void check_strictly(Bytes frame);
  void welcome_strictly(std::size_t place);
  void finish_strictly(Bytes frame);
  void derive_keys(const std::string& place, Role role);

  HandshakeRules rules_;
  Step next_ = nullptr;
  std::vector<std::byte> output_;
  std::size_t sent_ = 0;
  std::array<std::byte, header + longest_frame> input_;
  std::size_t filled_ = 0;
  std::optional<std::size_t> expected_;  // bytes of the frame, once its header is there
  unsigned frames_ = 0;
  std::vector<std::byte> challenge_;
  std::vector<std::byte> last_word_;  // held back
  std::size_t place_ = 0;             // that the client has dialled, among those of the rules
  std::array<std::byte, 32> listener_nonce_{};
  std::array<std::byte, 32> client_nonce_{};
  std::optional<SessionKeys> keys_;
  std::string why_;
};

}  // namespace multiprocess::detail
