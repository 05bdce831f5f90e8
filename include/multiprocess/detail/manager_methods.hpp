// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>

namespace multiprocess::detail {

// What clients ask servers for. A call says which object, which of its methods, and then what is
// written behind each; an answer is what stands behind the arrow.

/// What a server can make when it is asked to create an object; see manager_types.cpp.
enum class ReferentKind : std::uint64_t {
  list,
  dict,
  set,
  name_space,
  value,
  array,
  instance,
  lock,       // whether it is recursive
  semaphore,  // units, whether it is bounded
  condition,  // whether it has another's lock, and then that one's reference
  event,
  barrier,  // parties, timeout, whether there is an action, and then that
  queue,    // maxsize
  pool
};

/// Of the server itself, the object whose id is 0.
enum class ManagerMethod : std::uint64_t {
  goodbye,            // the client's thread ends; no answer
  shutdown,           // and so does the server; no answer
  create,             // kind, type of the proxy, what the kind needs -> reference
  number_of_objects,  // -> number
  publish,            // name, reference
  lookup,             // name -> reference
};

/// Indices may be negative, as in Python; `no_index` is None in a slice.
inline constexpr std::int64_t no_index = std::numeric_limits<std::int64_t>::min();

/// A slice is three numbers: start, stop, step.
enum class ListMethod : std::uint64_t {
  size,         // -> number
  get,          // index -> value
  set,          // index, value
  replace,      // index, old value, new value -> whether it was the old one
  append,       // value
  extend,       // count, values
  insert,       // index, value
  pop,          // index -> value
  remove,       // value
  erase,        // index
  erase_same,   // index, old value -> whether it was that one
  erase_slice,  // slice
  assign,       // slice, count, values
  reverse,
  index,  // value, slice -> index
  count,  // value -> number
  clear,
  slice,   // slice -> count, values
  repeat,  // number
  apply,   // ListOperation -> what it writes
};

}  // namespace multiprocess::detail
