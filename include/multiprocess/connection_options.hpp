// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/authentication.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/timeout.hpp>

#include <optional>
#include <string>

namespace multiprocess::connection {

/// How a Listener and its Clients deal with one another; both need the same key and form.
struct Options {
  /// How many may wait to be accepted; at least 1024 may in any case. Negative: a ValueError.
  int backlog = 1;
  /// Both ends prove that they have it. Without a key there is no handshake: then TCP is refused
  /// but for the loopback address. An empty one is a ValueError.
  std::optional<Key> authkey = {};
  /// The handshake of this library instead of Python's: roles and the address are part of what is
  /// proven, and on TCP every message is sealed. Never negotiated: only with another strict end.
  bool strict = false;
  /// Lets peers answer with HMAC-MD5, as Python up to 3.11 does. Never together with `strict`.
  bool legacy_md5 = false;
  /// How long one handshake may take: 5 s for a Listener, for ever for a Client unless it is set.
  std::optional<Timeout> handshake_timeout = {};
  /// Strict: the address that clients connect to, where it is not the listener's own, as behind a
  /// translation of addresses or a tunnel; in numbers. For the Listener.
  std::optional<Address> public_address = {};

  /// `Options(authkey=..., strict=True)`: what was said, and no key.
  friend std::string mp_repr(const Options& options);
};

using multiprocess::operator<<;  // for what is printed here

}  // namespace multiprocess::connection

namespace multiprocess::detail {

/// Throws ValueError for an empty key, which would let everybody in.
void require_key(const Key& key);

/// Throws ValueError for options that do not go together.
void check(const connection::Options& options);

/// Throws ValueError for a connection without a key that could leave this machine.
void require_loopback(const os::SocketAddress& address, const connection::Options& options);

}  // namespace multiprocess::detail
