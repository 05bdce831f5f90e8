// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/pool_options.hpp>

#include "support/start_methods.hpp"

namespace multiprocess::test {

/// A suite whose pools' workers start with each start method.
class Pools : public StartMethods {
 protected:
  /// Workers.
  PoolOptions two() const {
    PoolOptions options;
    options.processes = 2;
    options.start_method = GetParam();
    return options;
  }
};

}  // namespace multiprocess::test
