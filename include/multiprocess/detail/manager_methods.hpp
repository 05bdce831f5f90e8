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
  hold,               // id -> reference
  drop,               // of a program that has connected: count, ids that it gives back; no answer
  track_segment,      // name of shared memory
  list_segments,      // -> a vector of those
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

/// "Found" is a number, 1 or 0; what stands behind it is there when it is 1.
enum class DictMethod : std::uint64_t {
  size,         // -> number
  find,         // key -> found, value
  set,          // key, value
  replace,      // key, old value, new value -> whether it was the old one
  contains,     // key -> found
  pop,          // key -> found, value
  pop_item,     // -> found, key, value
  erase,        // key -> found
  set_default,  // key, value -> value
  update,       // count, keys and values in turn
  keys,         // -> count, keys
  values,       // -> count, values
  items,        // -> count, keys and values in turn
  clear,
  apply_to,  // key, ValueOperation -> found, what it writes
  apply,     // DictOperation -> what it writes
};

/// "Items" are a count and values.
enum class SetMethod : std::uint64_t {
  size,      // -> number
  contains,  // value -> found
  add,       // value
  remove,    // value -> found
  pop,       // -> found, value
  clear,
  items,    // -> items
  update,   // SetOperator, items: becomes the result
  combine,  // SetOperator, items -> items of the result
  compare,  // items -> how many it has, how many of them it has, how many they are
  apply,    // ListOperation -> what it writes
};
enum class SetOperator : std::uint64_t { unite, intersect, subtract, differ };

enum class NamespaceMethod : std::uint64_t {
  find,      // name -> found, value
  set,       // name, value
  replace,   // name, old value, new value -> whether it was the old one
  erase,     // name -> found
  items,     // -> count, names and values in turn, by name
  apply_to,  // name, ValueOperation -> found, what it writes
};

enum class ValueMethod : std::uint64_t {
  get,      // -> value
  set,      // value
  replace,  // old value, new value -> whether it was the old one
  apply,    // ValueOperation -> what it writes
};

/// Of an object of a registered type.
enum class InstanceMethods : std::uint64_t {
  call,   // name, count, values -> value, unless it returns none
  apply,  // InstanceOperation -> what it writes
  show,   // -> text
};

}  // namespace multiprocess::detail
