// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/os/socket.hpp>
#include <multiprocess/detail/repr.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace multiprocess {

/// Where a Listener is: a path on this machine, or a port of a host.
///
/// A path with a leading NUL is a name without a file (Linux's abstract namespace), to which other
/// users of the machine can connect; they are refused. Sendable; prints as Python's addresses do.
class Address {
 public:
  /// No address: what a Client without a name of its own has; a Listener chooses one instead.
  Address() = default;
  /// Throws ValueError for a NUL that is not the first character.
  Address(const char* path) : Address(std::string(path)) {}
  Address(std::string path);
  /// Port 0: any that is free. An empty host: all addresses of this machine. Throws ValueError for
  /// what is no port.
  template <detail::Count Port>
  Address(std::string host, Port port) : Address(Tcp{}, std::move(host), detail::count(port)) {}

  explicit Address(detail::os::SocketAddress where) : where_(std::move(where)) {}

  /// Empty where it is a host and a port.
  const std::string& path() const noexcept { return where_.path; }
  const std::string& host() const noexcept { return where_.host; }
  /// 0 where it is a path.
  int port() const noexcept { return where_.port; }
  bool is_tcp() const noexcept { return !where_.host.empty() || where_.port != 0 || all_hosts_; }

  const detail::os::SocketAddress& where() const noexcept { return where_; }

  friend bool operator==(const Address&, const Address&) = default;
  /// `'/tmp/x'`, `b'\x00name'` or `('127.0.0.1', 5000)`.
  friend std::string mp_repr(const Address& address);

  template <class Archive>
  void serialize(Archive& archive) {
    archive(where_.path, where_.host, where_.port, all_hosts_);
  }

 private:
  struct Tcp {};
  Address(Tcp, std::string host, std::ptrdiff_t port);

  detail::os::SocketAddress where_;
  bool all_hosts_ = false;
};

}  // namespace multiprocess

template <>
struct std::hash<multiprocess::Address> {
  std::size_t operator()(const multiprocess::Address& address) const noexcept {
    const std::hash<std::string> text;
    return text(address.path()) * 31 + text(address.host()) * 17 +
           static_cast<std::size_t>(address.port());
  }
};
