// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

namespace bench {

/// A lock in memory that forked processes share.
class Mutex {
 public:
  virtual ~Mutex() = default;
  virtual void lock() = 0;
  virtual void unlock() = 0;
};

/// Boost.Interprocess' interprocess_mutex.
std::unique_ptr<Mutex> make_boost_mutex();

/// The system's mutex that survives the death of its owner, as the library's does.
std::unique_ptr<Mutex> make_robust_mutex();

/// The system's semaphore, with one unit.
std::unique_ptr<Mutex> make_raw_semaphore();

}  // namespace bench
