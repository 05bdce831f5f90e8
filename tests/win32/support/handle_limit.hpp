// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace multiprocess::test {

/// Handles are limited by memory only.
class HandleLimit {
 public:
  explicit HandleLimit(int) {}
  ~HandleLimit() {}
};

inline bool leave_no_descriptor() {
  return false;
}

}  // namespace multiprocess::test
