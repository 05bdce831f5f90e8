// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace multiprocess::detail {

// What clients ask the objects for with which they wait for one another; as in manager_methods.hpp.
// A timeout is a number of nanoseconds, -1 for ever.

/// Of a lock or a semaphore.
enum class AcquirerMethod : std::uint64_t {
  acquire,  // timeout -> whether it has it
  release,
  locked,      // -> whether
  get_value,   // -> number
  owner_died,  // -> whether
  show,        // -> text
  count
};

/// Those of its lock, and its own.
enum class ConditionMethod : std::uint64_t {
  wait = static_cast<std::uint64_t>(AcquirerMethod::count),  // timeout -> whether notified
  notify,                                                    // number
  show                                                       // -> text
};

enum class EventMethod : std::uint64_t {
  set,
  clear,
  is_set,  // -> whether
  wait,    // timeout -> whether
  show     // -> text
};

enum class BarrierMethod : std::uint64_t {
  wait,  // timeout -> how many had come before
  reset,
  abort,
  parties,    // -> number
  n_waiting,  // -> number
  broken,     // -> whether
  show        // -> text
};

enum class QueueMethod : std::uint64_t {
  put,       // timeout, value -> whether there was room
  get,       // timeout -> whether there was one, and then the value
  size,      // -> number
  full,      // -> whether
  shutdown,  // whether at once
  task_done,
  join,  // timeout -> whether all are done
  lost,  // -> number
  show   // -> text
};

enum class PoolMethod : std::uint64_t {
  start,   // PoolStart
  call,    // PoolOperation -> as AsyncResultMethod::get
  submit,  // type of the proxy, PoolOperation -> reference to the result
  stream,  // type of the proxy, StreamOperation -> reference to the results
  close,
  terminate,
  join,
  pids,  // -> a vector of them
  show   // -> text
};

enum class AsyncResultMethod : std::uint64_t {
  get,         // timeout -> whether it is there, and then the value
  wait,        // timeout -> whether it is there
  ready,       // -> whether
  successful,  // -> whether
  cancel,      // -> whether
  show         // -> text
};

enum class StreamMethod : std::uint64_t {
  next,  // timeout -> whether there is one, and then the value
};

}  // namespace multiprocess::detail
