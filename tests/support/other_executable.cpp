// SPDX-License-Identifier: BSD-3-Clause
// The program of spawned children in posix/set_executable_test: they never enter its main.
#include "support/executable_calls.hpp"

const char* const multiprocess::test::program_name = "the other program";

int main() {
  return 99;
}
