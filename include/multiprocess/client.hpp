// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/authentication.hpp>
#include <multiprocess/connection.hpp>
#include <multiprocess/connection_options.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <concepts>
#include <optional>
#include <type_traits>

namespace multiprocess::detail {

/// What belongs into the address or into the options, and was written beside them.
template <class T>
concept Misplaced = Count<std::remove_cvref_t<T>> || std::convertible_to<T, Key>;

/// Fails to compile, with a sentence that says what to write instead.
template <class T>
constexpr void refuse_beside_address() {
  constexpr bool port = Count<std::remove_cvref_t<T>>;
  static_assert(!port,
                "multiprocess: a host and a port are one address: write "
                "mp::Address(\"localhost\", 5000); the backlog is an option, {.backlog = 5}");
  static_assert(port, "multiprocess: the key is an option: write {.authkey = \"...\"}");
}

}  // namespace multiprocess::detail

namespace multiprocess::connection {

/// A connection to a Listener, ours or Python's. Waits until it is accepted and the handshake is
/// done, for ever unless `handshake_timeout` says how long.
///
/// Throws std::system_error at once when nobody listens there (connection_refused,
/// no_such_file_or_directory) or it is another user; AuthenticationError when either end does not
/// have the key, EOFError when the other end hangs up, TimeoutError; ValueError as Listener.
Connection Client(Address address, Options options = {});
template <detail::Misplaced T, class... More>
Connection Client(const Address& address, T&&, More&&...) {
  detail::refuse_beside_address<T>();
  return Client(address);
}

/// The asking half of Python's handshake: throws AuthenticationError unless the other end, which
/// calls answer_challenge, has the key. Waits for it, at most `handshake_timeout`: a connection
/// that is in the middle of a message then is closed.
void deliver_challenge(Connection connection, Key key, Options options = {});
/// The answering half. Throws AuthenticationError when the other end does not accept the answer.
void answer_challenge(Connection connection, Key key, Options options = {});

}  // namespace multiprocess::connection

namespace multiprocess::detail {

/// Over a stream whose handshake is done.
Connection make_connection(os::Handle stream, std::optional<SessionKeys> keys);

}  // namespace multiprocess::detail
