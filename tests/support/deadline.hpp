// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>

namespace multiprocess::test {

/// Ends the program, with a report of what every thread and child was doing, when it is still there
/// after `limit`. One at a time; needs no thread, so that a test may fork under it, and is not
/// inherited by children.
class Deadline {
 public:
  Deadline(std::chrono::milliseconds limit, std::string what);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
};

/// What one test may take: MULTIPROCESS_TEST_DEADLINE in seconds, or else 30 s.
std::chrono::milliseconds test_limit();

}  // namespace multiprocess::test
