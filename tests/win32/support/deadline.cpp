// SPDX-License-Identifier: BSD-3-Clause
#include "support/deadline.hpp"

#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace multiprocess::test {
namespace {

constexpr unsigned ended_by_deadline = 124;

std::string running;
HANDLE timer = nullptr;

// The children of the library's are in its job, and end with us.
void CALLBACK report(void*, BOOLEAN) {
  std::fprintf(stderr, "\nThe time is up: %s\n", running.c_str());
  std::fflush(stderr);
  TerminateProcess(GetCurrentProcess(), ended_by_deadline);
}

}  // namespace

Deadline::Deadline(std::chrono::milliseconds limit, std::string what) {
  running = std::move(what);
  CreateTimerQueueTimer(&timer, nullptr, report, nullptr, static_cast<DWORD>(limit.count()), 0,
                        WT_EXECUTEONLYONCE);
}

Deadline::~Deadline() {
  static_cast<void>(DeleteTimerQueueTimer(nullptr, timer, INVALID_HANDLE_VALUE));
}

std::chrono::milliseconds test_limit() {
  const char* const seconds = std::getenv("MULTIPROCESS_TEST_DEADLINE");
  return std::chrono::seconds(seconds == nullptr ? 30 : std::atoi(seconds));
}

}  // namespace multiprocess::test
