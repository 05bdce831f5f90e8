// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

namespace multiprocess::test {

/// Wine brings no Python.
inline bool has_python() {
  return false;
}

inline std::string python(const std::string&, const std::vector<std::string>& = {}) {
  return "failed";
}

}  // namespace multiprocess::test
