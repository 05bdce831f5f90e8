// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace multiprocess::detail::os {

/// A new folder for sockets that no other user can enter, where the system keeps temporary files;
/// with a short path, since that of a socket may not be long. Throws std::system_error.
std::string make_private_folder();

/// Only if it is empty.
void remove_private_folder(const std::string& path) noexcept;

/// Tells the socket that has this path from any other that had it or will have it; 0 when there is
/// none.
std::uint64_t socket_file_id(const std::string& path) noexcept;

/// Only if the path is still that socket's; false when it was not.
bool remove_socket_file(const std::string& path, std::uint64_t id) noexcept;

}  // namespace multiprocess::detail::os
