// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket_file.hpp>

#include "system_error.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace multiprocess::detail::os {

namespace {

constexpr std::size_t longest_place = 50;  // of the 107 bytes that a socket's path may have

std::string temporary_place() {
  const char* const wanted = std::getenv("TMPDIR");
  const std::string place = wanted == nullptr ? "" : wanted;
  return !place.empty() && place.front() == '/' && place.size() <= longest_place ? place : "/tmp";
}

}  // namespace

std::string make_private_folder() {
  std::string path = temporary_place() + "/multiprocess-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {  // with mode 0700, and never one that was there
    throw last_error("making a private folder in " + temporary_place());
  }
  return path;
}

void remove_private_folder(const std::string& path) noexcept {
  rmdir(path.c_str());
}

std::uint64_t socket_file_id(const std::string& path) noexcept {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0 && S_ISSOCK(facts.st_mode)
             ? facts.st_dev << 40 ^ facts.st_ino
             : 0;
}

bool remove_socket_file(const std::string& path, std::uint64_t id) noexcept {
  return id != 0 && socket_file_id(path) == id && unlink(path.c_str()) == 0;
}

}  // namespace multiprocess::detail::os
