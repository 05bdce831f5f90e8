// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/stat.h>

#include <filesystem>

namespace multiprocess::test {

/// Who may do what with the file.
inline unsigned mode_of(const std::filesystem::path& path) {
  struct stat facts {};
  lstat(path.c_str(), &facts);
  return facts.st_mode & 0777;
}

}  // namespace multiprocess::test
