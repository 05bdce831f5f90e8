// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace multiprocess::test {

/// Of this process and of those that it starts.
inline void set_variable(const char* name, const char* value) {
  setenv(name, value, 1);
}
inline void unset_variable(const char* name) {
  unsetenv(name);
}

inline std::string all_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// As other users of the machine may see them.
inline std::string own_command_line() {
  return all_of("/proc/self/cmdline");
}
inline std::string own_variables() {
  return all_of("/proc/self/environ");
}

}  // namespace multiprocess::test
