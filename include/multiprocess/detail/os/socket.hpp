// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace multiprocess::detail::os {

/// Where a socket of a byte stream is: at a path on this machine (with a leading NUL: in the
/// abstract namespace, where there are no files), or at a port of a host.
struct SocketAddress {
  std::string path = {};
  std::string host = {};  ///< when there is no path; empty: all addresses of this machine
  int port = 0;           ///< 0: any that is free

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

/// The functions below resume when a signal interrupts them, throw std::system_error on failure,
/// and make sockets that are not inherited by new programs.

/// A socket that others can connect to. A file is made for a path: only this user may connect, and
/// never is one replaced that is there already (address_in_use).
Handle listen_at(const SocketAddress& address, int backlog);

/// Somebody who has connected, and where he is.
struct Accepted {
  Handle socket;
  SocketAddress peer;
};

/// The next one; none when nobody has connected. Never waits at a socket of `listen_at`, or one
/// that was made such by `never_waits`.
std::optional<Accepted> accept_now(NativeHandle listening);

/// For a listening socket that comes from elsewhere.
void never_waits(NativeHandle listening);

/// Waits while the one who listens there has too many waiting. Throws std::system_error (timed_out
/// at the deadline; connection_refused, no_such_file_or_directory at once when nobody listens).
Handle connect_to(const SocketAddress& address, Deadline deadline);

/// A TCP peer that has said nothing for `silence` is asked whether it is there, so that one that is
/// gone without a word is an error and no endless wait (SO_KEEPALIVE of socket(7)). Connections are
/// made with `usual_silence`.
inline constexpr std::chrono::seconds usual_silence{60};
void ask_after(NativeHandle stream, std::chrono::seconds silence) noexcept;

/// Where the socket is, and where its other end is, in numbers.
SocketAddress local_address(NativeHandle socket);
SocketAddress peer_address(NativeHandle socket);

/// Whether such a socket address, in numbers, can be reached from this machine alone.
bool is_loopback(const SocketAddress& address) noexcept;

/// Whether it is the end of a stream between processes of this machine, over which handles pass.
bool is_local_stream(NativeHandle handle) noexcept;

/// Whether the process at the other end, as it was when it connected or began to listen, belongs
/// to the user of this one. For sockets between processes of this machine.
bool is_of_our_user(NativeHandle socket);

/// What can be read at once, none when nothing has come: 0 bytes are the end of the stream.
std::optional<std::size_t> read_now(NativeHandle socket, std::span<std::byte> into);

/// Whether nothing is to come any more: the other end is closed, and all that came was read.
bool is_at_end(NativeHandle socket) noexcept;

/// How many bytes are taken at once.
std::size_t write_now(NativeHandle socket, std::span<const std::byte> bytes);

}  // namespace multiprocess::detail::os
