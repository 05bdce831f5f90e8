// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>

namespace multiprocess::test {

/// The C library's view of an open descriptor, which it closes with the file.
inline std::FILE* open_to_write(int handle) {
  return fdopen(handle, "w");
}

}  // namespace multiprocess::test
