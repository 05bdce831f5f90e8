// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/connection_options.hpp>

#include <multiprocess/detail/show.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess::connection {

std::string mp_repr(const Options& options) {
  const Options usual;
  return detail::Attributes("Options")
      .add_set("backlog", options.backlog, usual.backlog)
      .add_present("authkey", options.authkey.has_value())
      .add_set("strict", options.strict, usual.strict)
      .add_set("legacy_md5", options.legacy_md5, usual.legacy_md5)
      .add_set("handshake_timeout", options.handshake_timeout, usual.handshake_timeout)
      .add_set("public_address", options.public_address, usual.public_address)
      .text();
}

}  // namespace multiprocess::connection

namespace multiprocess::detail {

void require_key(const Key& key) {
  if (key.bytes().empty()) {
    throw ValueError("the authkey is empty: that would let everybody in");
  }
}

void check(const connection::Options& options) {
  if (options.authkey) {
    require_key(*options.authkey);
  } else if (options.strict) {
    throw ValueError("a strict handshake needs an authkey");
  }
  if (options.strict && options.legacy_md5) {
    throw ValueError("the strict handshake knows no HMAC-MD5: set one of `strict`, `legacy_md5`");
  }
  if (options.backlog < 0) {
    throw ValueError(
        fmt::format("the backlog is {}: fewer than none cannot wait", options.backlog));
  }
}

void require_loopback(const os::SocketAddress& address, const connection::Options& options) {
  if (!options.authkey && !os::is_loopback(address)) {
    throw ValueError(
        fmt::format("without an authkey anybody in the network could take part: {} is not the "
                    "loopback address",
                    address.host));
  }
}

}  // namespace multiprocess::detail
