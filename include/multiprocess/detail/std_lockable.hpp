// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/timeout.hpp>

#include <chrono>

namespace multiprocess::detail {

/// The names by which the standard library takes and frees a lock, for a handle that has Python's:
/// std::scoped_lock, unique_lock, lock and condition_variable_any work with it.
template <class Handle>
class StdLockable {
 public:
  void lock() const { handle().acquire(forever); }
  void unlock() const { handle().release(); }
  bool try_lock() const { return handle().acquire(std::chrono::nanoseconds::zero()); }
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> duration) const {
    return handle().acquire(duration);
  }
  template <class Clock, class Duration>
  bool try_lock_until(std::chrono::time_point<Clock, Duration> moment) const {
    return handle().acquire(time_until(moment));
  }

  friend bool operator==(const StdLockable&, const StdLockable&) = default;

 private:
  const Handle& handle() const noexcept { return static_cast<const Handle&>(*this); }
};

}  // namespace multiprocess::detail
