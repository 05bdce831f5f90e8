// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/cleanup.hpp>

#include <cstdint>
#include <string>

namespace multiprocess::detail {

/// A path for a new socket in a folder that only this user can enter. Each process has one such
/// folder, which goes when it exits; when it is killed, with the last process of its tree. Throws
/// std::system_error.
std::string private_socket_path();

/// The file of a listening socket. The process that made it removes it: with this object, or among
/// its exit steps; and only if the path is still that socket's.
class SocketFile {
 public:
  /// The socket that has this path now; none for a name without a file.
  explicit SocketFile(const std::string& path);
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile() { remove(); }

  void remove() noexcept;

 private:
  CallId at_exit_ = 0;
};

}  // namespace multiprocess::detail
