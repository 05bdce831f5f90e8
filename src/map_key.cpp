// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/map_key.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

void throw_no_such_key() {
  throw KeyError("there is no such key in the map");
}

void throw_key_too_long(std::size_t length, std::size_t most) {
  throw ValueError(
      fmt::format("a key of {} bytes: text as a key has at most {} bytes", length, most));
}

}  // namespace multiprocess::detail
