// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sched.h>

namespace multiprocess::test {

/// That this process may use.
inline int first_cpu() {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof(allowed), &allowed);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &allowed)) {
    ++cpu;
  }
  return cpu;
}

/// That the calling thread runs on.
inline int current_cpu() {
  return sched_getcpu();
}

}  // namespace multiprocess::test
