// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <fstream>

namespace multiprocess::test {

/// The exit codes of processes that end so.
inline constexpr int crashed = -SIGSEGV;
inline constexpr int aborted = -SIGABRT;
/// What remains of the number that a process gave to std::_Exit.
inline int exit_code(int given) {
  return given & 0xff;
}

inline void end_by(int signal) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

inline void crash() {
  end_by(SIGSEGV);
}
inline void abort() {
  end_by(SIGABRT);
}

inline constexpr bool can_limit_memory = true;

/// This process may have so much more memory than it has.
inline void limit_memory(std::size_t more) {
  std::ifstream file("/proc/self/statm");
  rlim_t pages = 0;
  for (int field = 0; field < 6; ++field) {
    file >> pages;
  }
  rlimit limit{};
  getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + more;
  setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace multiprocess::test
