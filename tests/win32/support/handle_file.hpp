// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <io.h>

#include <cstdio>

namespace multiprocess::test {

/// The C library's view of an open handle, which it closes with the file.
inline std::FILE* open_to_write(int handle) {
  return _fdopen(_open_osfhandle(handle, 0), "w");
}

}  // namespace multiprocess::test
