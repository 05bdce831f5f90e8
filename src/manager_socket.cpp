// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_socket.hpp>

#include <multiprocess/detail/os/socket.hpp>

namespace multiprocess::detail {

namespace {

constexpr int backlog = 128;

}  // namespace

ManagerSocket::ManagerSocket(Address address) {
  if (address == Address()) {
    address = Address(private_socket_path());
  }
  socket_ = os::listen_at(address.where(), backlog);
  address_ = Address(os::local_address(socket_.get()));
  file_.emplace(address_.path());
}

}  // namespace multiprocess::detail
