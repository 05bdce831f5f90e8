// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/error.hpp>
#include <multiprocess/version.hpp>

#include <cstdio>

int main() {
  try {
    throw multiprocess::ValueError("a library that is linked in");
  } catch (const std::exception& error) {
    std::printf("%s: %s\n", MULTIPROCESS_VERSION, error.what());
  }
}
