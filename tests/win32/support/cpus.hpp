// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

#include <bit>

namespace multiprocess::test {

/// That this process may use.
inline int first_cpu() {
  DWORD_PTR allowed = 0;
  DWORD_PTR all = 0;
  GetProcessAffinityMask(GetCurrentProcess(), &allowed, &all);
  return std::countr_zero(allowed);
}

/// That the calling thread runs on.
inline int current_cpu() {
  return static_cast<int>(GetCurrentProcessorNumber());
}

}  // namespace multiprocess::test
