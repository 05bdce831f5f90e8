// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace multiprocess::test {

/// Of this process and of those that it starts.
inline void set_variable(const char* name, const char* value) {
  _putenv_s(name, value);
}
inline void unset_variable(const char* name) {
  _putenv_s(name, "");
}

/// As other users of the machine may see them.
inline std::string own_command_line() {
  return GetCommandLineA();
}
inline std::string own_variables() {
  const auto free = [](char* block) { FreeEnvironmentStringsA(block); };
  const std::unique_ptr<char, decltype(free)> block(GetEnvironmentStringsA(), free);
  const char* end = block.get();
  while (end[0] != '\0' || end[1] != '\0') {
    ++end;
  }
  return std::string(static_cast<const char*>(block.get()), end);
}

}  // namespace multiprocess::test
