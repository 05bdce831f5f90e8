// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/address.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess {

namespace {

constexpr std::ptrdiff_t most_port = 65535;

}  // namespace

Address::Address(std::string path) {
  if (path.find('\0', 1) != std::string::npos) {
    throw ValueError("the path of an address has a NUL in it");
  }
  where_.path = std::move(path);
}

Address::Address(Tcp, std::string host, std::ptrdiff_t port) {
  if (port < 0 || port > most_port) {
    throw ValueError(fmt::format("{} is no port: they go from 0 to {}", port, most_port));
  }
  if (host.find('\0') != std::string::npos) {
    throw ValueError("the host of an address has a NUL in it");
  }
  all_hosts_ = host.empty() && port == 0;
  where_.host = std::move(host);
  where_.port = static_cast<int>(port);
}

std::string mp_repr(const Address& address) {
  if (address.is_tcp()) {
    return fmt::format("({}, {})", detail::quoted(address.host()), address.port());
  }
  return address.path().starts_with('\0') ? detail::quoted_bytes(address.path())
                                          : detail::quoted(address.path());
}

}  // namespace multiprocess
