// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/authentication.hpp>
#include <multiprocess/connection.hpp>
#include <multiprocess/connection_options.hpp>
#include <multiprocess/detail/handshake.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <optional>

namespace multiprocess::connection {

/// A connection to a Listener, ours or Python's. Waits until it is accepted and the handshake is
/// done, for ever unless `handshake_timeout` says how long.
///
/// Throws std::system_error at once when nobody listens there (connection_refused,
/// no_such_file_or_directory) or it is another user; AuthenticationError when either end does not
/// have the key, EOFError when the other end hangs up, TimeoutError; ValueError as Listener.
Connection Client(Address address, Options options = {});

/// The asking half of Python's handshake: throws AuthenticationError unless the other end, which
/// calls answer_challenge, has the key. Waits for it, at most `handshake_timeout`.
void deliver_challenge(Connection connection, Key key, Options options = {});
/// The answering half. Throws AuthenticationError when the other end does not accept the answer.
void answer_challenge(Connection connection, Key key, Options options = {});

}  // namespace multiprocess::connection

namespace multiprocess::detail {

/// Over a stream whose handshake is done.
Connection make_connection(os::Handle stream, std::optional<SessionKeys> keys);

}  // namespace multiprocess::detail
