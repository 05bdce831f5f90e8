// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_socket.hpp>

#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/socket.hpp>

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string>

namespace multiprocess::detail {

namespace {

constexpr int backlog = 1024;  // a burst of clients: nobody is to try again a second later

/// Nothing is left of it when the server is killed.
std::string name_without_file() {
  std::array<std::byte, 16> random;
  os::fill_random(random);
  std::string name(1, '\0');
  for (const std::byte each : random) {
    name += fmt::format("{:02x}", std::to_integer<unsigned>(each));
  }
  return name;
}

}  // namespace

ManagerSocket::ManagerSocket(Address address) {
  if (address == Address()) {
    address = Address(name_without_file());
  }
  socket_ = os::listen_at(address.where(), backlog);
  address_ = Address(os::local_address(socket_.get()));
  file_.emplace(address_.path());
}

}  // namespace multiprocess::detail
