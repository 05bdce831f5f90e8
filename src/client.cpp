// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/client.hpp>

#include <multiprocess/detail/frame.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/sealed_transport.hpp>
#include <multiprocess/detail/stream_transport.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace multiprocess {

Connection detail::make_connection(os::Handle stream, std::optional<SessionKeys> keys) {
  return Connection(keys ? detail::sealed_transport(std::move(stream), *std::move(keys))
                         : detail::stream_transport(std::move(stream), {}));
}

namespace connection {

namespace os = detail::os;

namespace {

constexpr const char* too_long = "the handshake took too long";

[[noreturn]] void throw_hung_up() {
  throw EOFError("the other end hung up in the middle of the handshake");
}

/// Throws EOFError when it has been reset since it was made.
os::SocketAddress peer_of(os::NativeHandle stream) {
  try {
    return os::peer_address(stream);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::not_connected) {
      throw_hung_up();
    }
    throw;
  }
}

/// Until it is over; throws what it fails with.
void run(detail::Handshake& handshake, os::NativeHandle stream, os::Deadline deadline) {
  std::array<std::byte, detail::Handshake::most_wanted> space;
  while (true) {
    os::write_all(stream, handshake.output());
    handshake.sent(handshake.output().size());
    if (handshake.has_failed()) {
      throw AuthenticationError(handshake.why());
    }
    if (handshake.is_over()) {
      return;
    }
    const auto wanted = std::span(space).first(handshake.wanted());
    const auto got = detail::read_soon(stream, wanted, deadline);
    if (!got) {
      throw TimeoutError(too_long);
    }
    if (*got == 0) {
      throw_hung_up();
    }
    handshake.receive(wanted.first(*got));
  }
}

os::Handle connect(const Address& address, os::Deadline deadline) try {
  os::Handle stream = os::connect_to(address.where(), deadline);
  if (!address.is_tcp() && !os::is_of_our_user(stream.get())) {
    throw std::system_error(
        std::make_error_code(std::errc::operation_not_permitted),
        fmt::format("the process that listens at {} belongs to another user", address));
  }
  return stream;
} catch (const std::system_error& error) {
  if (deadline != os::never && error.code() == std::errc::timed_out) {
    throw TimeoutError(error.what());
  }
  throw;
}

detail::Handshake client_handshake(const Address& address, const Options& options,
                                   os::NativeHandle stream) {
  detail::HandshakeRules rules{*options.authkey, options.strict, options.legacy_md5};
  if (options.strict) {
    rules.places.push_back(detail::place_of(address.is_tcp() ? peer_of(stream) : address.where()));
  }
  return {detail::Handshake::Role::client, std::move(rules)};
}

}  // namespace

Connection Client(Address address, Options options) {
  detail::check(options);
  if (address == Address()) {
    throw ValueError("a Client needs the address of a Listener");
  }
  const os::Deadline deadline = options.handshake_timeout.value_or(forever).deadline();
  os::Handle stream = connect(address, deadline);
  if (!options.authkey) {
    if (address.is_tcp()) {
      detail::require_loopback(peer_of(stream.get()), options);
    }
    return detail::make_connection(std::move(stream), std::nullopt);
  }
  detail::Handshake handshake = client_handshake(address, options, stream.get());
  try {
    if (address.is_tcp()) {  // a port that is closed just now may not say it
      os::ask_after(stream.get(), std::chrono::seconds(1));
    }
    run(handshake, stream.get(), deadline);
    if (address.is_tcp()) {
      os::ask_after(stream.get(), os::usual_silence);
    }
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe || error.code() == std::errc::connection_reset) {
      throw_hung_up();
    }
    throw;
  }
  return detail::make_connection(std::move(stream),
                                 address.is_tcp() ? handshake.keys() : std::nullopt);
}

namespace {

constexpr std::size_t longest_frame = detail::Handshake::longest_frame;

void check_half(const Key& key, const Options& options) {
  detail::require_key(key);
  if (options.strict) {
    throw ValueError("the strict handshake is one of Listener and Client as a whole");
  }
}

std::vector<std::byte> receive_frame(const Connection& connection, os::Deadline deadline) {
  if (!connection.poll(detail::time_until(deadline))) {
    throw TimeoutError(too_long);
  }
  try {
    return detail::receive_bytes(connection, longest_frame, deadline);
  } catch (const TimeoutError&) {
    connection.close();  // there is no going on in the middle of a frame
    throw TimeoutError(too_long);
  }
}

os::Deadline deadline_of(const Options& options) {
  return options.handshake_timeout.value_or(forever).deadline();
}

}  // namespace

void deliver_challenge(Connection connection, Key key, Options options) {
  check_half(key, options);
  const os::Deadline deadline = deadline_of(options);
  const std::vector<std::byte> challenge = detail::make_challenge();
  connection.send_bytes(challenge);
  const bool right = detail::is_right_answer(receive_frame(connection, deadline), challenge, key,
                                             options.legacy_md5);
  connection.send_bytes(right ? detail::welcome() : detail::failure());
  if (!right) {
    throw AuthenticationError("digest received was wrong");
  }
}

void answer_challenge(Connection connection, Key key, Options options) {
  check_half(key, options);
  const os::Deadline deadline = deadline_of(options);
  connection.send_bytes(
      detail::answer_to(receive_frame(connection, deadline), key, options.legacy_md5));
  const std::vector<std::byte> verdict = receive_frame(connection, deadline);
  const detail::Bytes wanted = detail::welcome();
  if (!std::equal(verdict.begin(), verdict.end(), wanted.begin(), wanted.end())) {
    throw AuthenticationError("digest sent was rejected");
  }
}

}  // namespace connection
}  // namespace multiprocess
