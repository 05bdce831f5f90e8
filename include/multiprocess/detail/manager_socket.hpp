// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/address.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/socket_files.hpp>

#include <optional>

namespace multiprocess::detail {

/// Where a manager's server is met from outside of its tree.
class ManagerSocket {
 public:
  /// No address: a name without a file, which nothing remains of. Throws as Listener.
  explicit ManagerSocket(Address address);

  os::NativeHandle handle() const noexcept { return socket_.get(); }
  const Address& address() const noexcept { return address_; }

 private:
  os::Handle socket_;
  Address address_;
  std::optional<SocketFile> file_;
};

}  // namespace multiprocess::detail
