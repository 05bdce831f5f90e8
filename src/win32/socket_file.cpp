// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket_file.hpp>

#include "pipe.hpp"

// Pipes have names, but no files and no folders: nothing is to be made, and nothing is left.

namespace multiprocess::detail::os {

std::string new_folder_path() {
  return to_narrow(new_pipe_name());
}

void make_private_folder(const std::string&) {}

void remove_private_folder(const std::string&) noexcept {}

std::uint64_t socket_file_id(const std::string&) noexcept {
  return 0;
}

bool remove_socket_file(const std::string&, std::uint64_t) noexcept {
  return false;
}

}  // namespace multiprocess::detail::os
