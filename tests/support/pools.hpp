// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/pool_options.hpp>

#include "support/start_methods.hpp"

namespace multiprocess::test {

/// A suite whose pools' workers start with each start method.
class Pools : public StartMethods {
 protected:
  PoolOptions of(int workers) const {
    PoolOptions options;
    options.processes = workers;
    options.start_method = GetParam();
    return options;
  }
  /// Workers.
  PoolOptions two() const { return of(2); }
};

}  // namespace multiprocess::test
