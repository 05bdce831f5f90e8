// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket_file.hpp>

#include <multiprocess/detail/os/random.hpp>

#include "system_error.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
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

std::string new_folder_path() {
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "/multiprocess-%016llx",
                static_cast<unsigned long long>(random_number()));
  return temporary_place() + name.data();
}

void make_private_folder(const std::string& path) {
  if (mkdir(path.c_str(), S_IRWXU) != 0) {
    throw last_error("making the private folder '" + path + "'");
  }
}

void remove_private_folder(const std::string& path) noexcept {
  if (rmdir(path.c_str()) == 0) {
    return;  // it was empty: no descriptor is needed, where none may be left
  }
  DIR* const folder = opendir(path.c_str());
  if (folder == nullptr) {
    return;
  }
  while (const dirent* const entry = readdir(folder)) {
    const std::string inside = path + "/" + entry->d_name;
    remove_socket_file(inside, socket_file_id(inside));
  }
  closedir(folder);
  rmdir(path.c_str());
}

/// Also of the time when it was made, where the file system knows: inodes are given again.
std::uint64_t socket_file_id(const std::string& path) noexcept {
  struct statx facts {};
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &facts) !=
          0 ||
      !S_ISSOCK(facts.stx_mode)) {
    return 0;
  }
  const std::uint64_t device = std::uint64_t{facts.stx_dev_major} << 20 ^ facts.stx_dev_minor;
  const std::uint64_t second = static_cast<std::uint64_t>(facts.stx_btime.tv_sec);
  const std::uint64_t born = second * 1'000'000'000 + facts.stx_btime.tv_nsec;
  return (device << 40 ^ facts.stx_ino) + born;
}

bool remove_socket_file(const std::string& path, std::uint64_t id) noexcept {
  return id != 0 && socket_file_id(path) == id && unlink(path.c_str()) == 0;
}

}  // namespace multiprocess::detail::os
