// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace multiprocess::detail::os {

/// A path for a new folder where the system keeps temporary files, that nobody can guess; a short
/// one, since that of a socket may not be long.
std::string new_folder_path();

/// Makes the folder; no other user can enter it. Throws std::system_error (file_exists).
void make_private_folder(const std::string& path);

/// With the sockets in it; only if there is nothing else.
void remove_private_folder(const std::string& path) noexcept;

/// Tells the socket that has this path from any other that had it or will have it; 0 when there is
/// none.
std::uint64_t socket_file_id(const std::string& path) noexcept;

/// Only if the path is still that socket's; false when it was not.
bool remove_socket_file(const std::string& path, std::uint64_t id) noexcept;

}  // namespace multiprocess::detail::os
