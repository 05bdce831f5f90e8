// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/lock.hpp>

#include <exception>
#include <string>

/// Empty when it works, else the exception's text.
extern "C" const char* use_lock() {
  static std::string error;
  try {
    const multiprocess::Lock lock;
    lock.acquire();
    lock.release();
    error.clear();
  } catch (const std::exception& thrown) {
    error = thrown.what();
  }
  return error.c_str();
}
