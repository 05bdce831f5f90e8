// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/error.hpp>
#include <multiprocess/pool_options.hpp>

#include "support/managers.hpp"

#include <string>

namespace multiprocess::test {

/// A suite with a manager that makes pools of two workers, which start as the test's processes do.
class ManagedPools : public OneManager {
 protected:
  static PoolOptions two() {
    PoolOptions options;
    options.processes = 2;
    options.start_method = GetParam();
    return options;
  }
};

inline int square(int x) {
  return x * x;
}
inline int add(int a, int b) {
  return a + b;
}
inline int fails(int x) {
  throw KeyError(std::to_string(x));
}

}  // namespace multiprocess::test
