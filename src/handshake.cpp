// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/handshake.hpp>

#include <multiprocess/detail/hkdf.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

namespace multiprocess::detail {

namespace {

Bytes bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text));
}

constexpr std::string_view challenge_mark = "#CHALLENGE#";
constexpr std::string_view sha256_mark = "{sha256}";
constexpr std::string_view strict_mark = "{cpp-mp/1}";
constexpr std::size_t random_bytes = 40;  // in a challenge of ours
constexpr std::size_t fewest_random_bytes = 20;
constexpr std::size_t legacy_challenge = 20;  // without a digest's name

bool starts_with(Bytes bytes, std::string_view mark) noexcept {
  const Bytes wanted = bytes_of(mark);
  return bytes.size() >= wanted.size() && std::equal(wanted.begin(), wanted.end(), bytes.begin());
}

bool equals(Bytes a, Bytes b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

template <class... Parts>
std::vector<std::byte> joined(const Parts&... parts) {
  std::vector<std::byte> all((parts.size() + ...));
  auto to = all.begin();
  ((to = std::copy(parts.begin(), parts.end(), to)), ...);
  return all;
}

std::array<std::byte, 4> big_endian(std::size_t number) noexcept {
  return {static_cast<std::byte>(number >> 24), static_cast<std::byte>(number >> 16),
          static_cast<std::byte>(number >> 8), static_cast<std::byte>(number)};
}

/// What a strict end proves: the version and the role (each label ends with a NUL), the place
/// (after its length), and both nonces.
os::Sha256Mac strict_mac(const Key& key, std::string_view label, const std::string& place,
                         Bytes first_nonce, Bytes second_nonce) {
  using namespace std::string_view_literals;
  return os::hmac_sha256(key.bytes(), {bytes_of(label), bytes_of("\0"sv), big_endian(place.size()),
                                       bytes_of(place), first_nonce, second_nonce});
}

constexpr std::size_t md5_bytes = 16;
constexpr std::string_view client_label = "cpp-mp/1 client";
constexpr std::string_view listener_label = "cpp-mp/1 server";

}  // namespace

Bytes welcome() noexcept {
  return bytes_of("#WELCOME#");
}

Bytes failure() noexcept {
  return bytes_of("#FAILURE#");
}

std::vector<std::byte> make_challenge() {
  std::array<std::byte, random_bytes> random;
  os::fill_random(random);
  return joined(bytes_of(challenge_mark), bytes_of(sha256_mark), random);
}

std::vector<std::byte> answer_to(Bytes challenge, const Key& key, bool legacy_md5) {
  if (!starts_with(challenge, challenge_mark)) {
    throw AuthenticationError("protocol error: the other end does not begin with a challenge");
  }
  const Bytes asked = challenge.subspan(challenge_mark.size());
  if (starts_with(asked, sha256_mark)) {
    if (asked.size() < sha256_mark.size() + fewest_random_bytes) {
      throw AuthenticationError(fmt::format("challenge too short: {} bytes", asked.size()));
    }
    return joined(bytes_of(sha256_mark), os::hmac_sha256(key.bytes(), {asked}));
  }
  if (starts_with(asked, strict_mark)) {
    throw AuthenticationError(
        "the other end wants the strict handshake: set `strict` in the options of both");
  }
  if (asked.size() != legacy_challenge) {
    throw AuthenticationError("unsupported digest: the handshake is by HMAC-SHA256");
  }
  if (!legacy_md5) {
    throw AuthenticationError(
        "the other end wants HMAC-MD5, as Python 3.11 and older do: set `legacy_md5` to allow it");
  }
  return joined(os::hmac_md5(key.bytes(), {asked}));
}

bool is_right_answer(Bytes answer, Bytes challenge, const Key& key, bool legacy_md5) {
  const Bytes asked = challenge.subspan(challenge_mark.size());
  if (starts_with(answer, sha256_mark)) {
    return os::equal_in_constant_time(answer.subspan(sha256_mark.size()),
                                      os::hmac_sha256(key.bytes(), {asked}));
  }
  return legacy_md5 && os::equal_in_constant_time(answer, os::hmac_md5(key.bytes(), {asked}));
}

std::string place_of(const os::SocketAddress& address) {
  if (address.path.starts_with('\0')) {
    return "name " + address.path.substr(1);
  }
  if (!address.path.empty()) {
    std::error_code unknown;
    const auto whole = std::filesystem::weakly_canonical(address.path, unknown);
    return "path " + (unknown ? address.path : whole.string());
  }
  constexpr std::string_view mapped = "::ffff:";  // an old address in the new protocol
  const bool is_mapped = address.host.starts_with(mapped);
  return fmt::format("tcp {} {}", address.host.substr(is_mapped ? mapped.size() : 0), address.port);
}

Handshake::Handshake(Role role, HandshakeRules rules) : rules_(std::move(rules)) {
  if (role == Role::client) {
    next_ = rules_.strict ? &Handshake::prove_strictly : &Handshake::answer_and_challenge;
  } else if (rules_.strict) {
    begin_strictly();
  } else {
    challenge();
    next_ = &Handshake::check_answer_and_go_on;
  }
}

/// As long as the other end waits for an answer of ours before it goes on to something else, all
/// that it has sent is of the handshake. The last frame is at least as long as a verdict.
std::size_t Handshake::wanted() const noexcept {
  if (is_over()) {
    return 0;
  }
  if (!is_last_frame()) {
    return most_wanted;
  }
  return filled_ < header ? header + welcome().size() - filled_ : missing();
}

bool Handshake::is_last_frame() const noexcept {
  return next_ == &Handshake::expect_welcome || next_ == &Handshake::finish_strictly;
}

void Handshake::receive(Bytes bytes) {
  while (!is_over() && !bytes.empty()) {
    const std::size_t count = std::min(missing(), bytes.size());
    std::copy_n(bytes.begin(), count, input_.begin() + static_cast<std::ptrdiff_t>(filled_));
    filled_ += count;
    bytes = bytes.subspan(count);
    if (!expected_ && filled_ == header) {
      take_header();
    }
    if (!is_over() && expected_ && filled_ == header + *expected_) {
      take_frame();
    }
  }
}

void Handshake::take_header() {
  std::size_t size = 0;
  for (std::size_t i = 0; i < header; ++i) {
    size = size << 8 | std::to_integer<std::size_t>(input_[i]);
  }
  if (size > longest_frame) {
    fail("bad message length: no message of a handshake is so long");
    return;
  }
  expected_ = size;
}

void Handshake::take_frame() {
  const Bytes frame = Bytes(input_).subspan(header, *expected_);
  filled_ = 0;
  expected_.reset();
  ++frames_;
  try {
    (this->*next_)(frame);
  } catch (const AuthenticationError& error) {
    fail(error.what());
  }
}

void Handshake::send(Bytes frame) {
  output_ = joined(output_, big_endian(frame.size()), frame);
}

void Handshake::fail(std::string why) {
  why_ = std::move(why);
  next_ = nullptr;
}

void Handshake::challenge() {
  challenge_ = make_challenge();
  send(challenge_);
}

void Handshake::answer_and_challenge(Bytes frame) {
  send(answer_to(frame, rules_.key, rules_.legacy_md5));
  challenge();
  next_ = &Handshake::expect_welcome_then_answer;
}

void Handshake::expect_welcome_then_answer(Bytes frame) {
  if (is_welcome(frame)) {
    next_ = &Handshake::check_second_answer;
  }
}

void Handshake::check_second_answer(Bytes frame) {
  if (check_answer(frame)) {
    next_ = nullptr;
  }
}

void Handshake::check_answer_and_go_on(Bytes frame) {
  if (check_answer(frame)) {
    next_ = &Handshake::answer_second;
  }
}

void Handshake::answer_second(Bytes frame) {
  hold_back(answer_to(frame, rules_.key, rules_.legacy_md5));
}

void Handshake::expect_welcome(Bytes frame) {
  if (is_welcome(frame)) {
    next_ = nullptr;
  }
}

bool Handshake::check_answer(Bytes frame) {
  const bool right = is_right_answer(frame, challenge_, rules_.key, rules_.legacy_md5);
  send(right ? welcome() : failure());
  if (!right) {
    const bool is_md5 = frame.size() == md5_bytes && !rules_.legacy_md5;
    fail(is_md5 ? "the other end answers with HMAC-MD5, as Python before 3.12 does: set "
                  "`legacy_md5` to allow it"
                : "digest received was wrong");
  }
  return right;
}

bool Handshake::is_welcome(Bytes frame) {
  const bool welcomed = equals(frame, welcome());
  if (!welcomed) {
    fail("digest sent was rejected");
  }
  return welcomed;
}

void Handshake::begin_strictly() {
  os::fill_random(listener_nonce_);
  send(joined(bytes_of(challenge_mark), bytes_of(strict_mark), listener_nonce_));
  next_ = &Handshake::check_strictly;
}

void Handshake::prove_strictly(Bytes frame) {
  const std::size_t marks = challenge_mark.size() + strict_mark.size();
  if (!starts_with(frame, challenge_mark) ||
      !starts_with(frame.subspan(challenge_mark.size()), strict_mark) ||
      frame.size() != marks + listener_nonce_.size()) {
    fail("the other end does not speak the strict handshake: set `strict` in the options of both");
    return;
  }
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(marks), listener_nonce_.size(),
              listener_nonce_.begin());
  os::fill_random(client_nonce_);
  const std::string& place = rules_.places.at(0);
  send(joined(bytes_of(strict_mark), client_nonce_,
              strict_mac(rules_.key, client_label, place, client_nonce_, listener_nonce_)));
  next_ = &Handshake::finish_strictly;
}

void Handshake::check_strictly(Bytes frame) {
  const std::size_t size = strict_mark.size() + client_nonce_.size() + sizeof(os::Sha256Mac);
  const bool has_form = starts_with(frame, strict_mark) && frame.size() == size;
  std::size_t found = rules_.places.size();
  if (has_form) {
    std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(strict_mark.size()),
                client_nonce_.size(), client_nonce_.begin());
    for (std::size_t i = 0; i < rules_.places.size(); ++i) {
      const auto right =
          strict_mac(rules_.key, client_label, rules_.places[i], client_nonce_, listener_nonce_);
      if (os::equal_in_constant_time(frame.last(right.size()), right)) {
        found = i;
      }
    }
  }
  if (found == rules_.places.size()) {
    send(failure());
    fail(has_form ? "digest received was wrong: another key, or another address was dialled"
                  : "the other end does not speak the strict handshake");
    return;
  }
  welcome_strictly(found);
}

void Handshake::welcome_strictly(std::size_t place) {
  place_ = place;
  const std::string& dialled = rules_.places.at(place);
  derive_keys(dialled, Role::listener);
  hold_back(joined(bytes_of(strict_mark), strict_mac(rules_.key, listener_label, dialled,
                                                     listener_nonce_, client_nonce_)));
}

void Handshake::finish_strictly(Bytes frame) {
  const std::string& place = rules_.places.at(0);
  const auto right = strict_mac(rules_.key, listener_label, place, listener_nonce_, client_nonce_);
  if (equals(frame, failure())) {
    fail("digest sent was rejected: another key, or the listener knows itself by another address");
  } else if (!starts_with(frame, strict_mark) ||
             !os::equal_in_constant_time(frame.subspan(strict_mark.size()), right)) {
    fail("digest received was wrong");
  } else {
    derive_keys(place, Role::client);
    next_ = nullptr;
  }
}

void Handshake::derive_keys(const std::string& place, Role role) {
  std::array<std::byte, 64> both;
  hkdf_sha256(rules_.key.bytes(), joined(listener_nonce_, client_nonce_),
              joined(bytes_of("cpp-mp/1 frames "), bytes_of(place)), both);
  auto from_client = std::make_shared<const Secret>(Bytes(both).first<32>());
  auto from_listener = std::make_shared<const Secret>(Bytes(both).last<32>());
  os::wipe(both);
  keys_ = role == Role::client ? SessionKeys{from_client, from_listener}
                               : SessionKeys{from_listener, from_client};
}

}  // namespace multiprocess::detail
