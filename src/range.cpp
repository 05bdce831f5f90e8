// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/range.hpp>

#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <limits>

namespace multiprocess::detail {

std::ptrdiff_t range_size(std::uintmax_t distance, std::uintmax_t step) {
  const std::uintmax_t size = (distance - 1) / step + 1;
  if (size > static_cast<std::uintmax_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
    throw ValueError("range() of more numbers than can be counted");
  }
  return static_cast<std::ptrdiff_t>(size);
}

void refuse_range_step() {
  throw ValueError("range() step must not be zero");
}

void refuse_range_bound(std::string number) {
  throw ValueError(
      fmt::format("range() argument {} does not fit the type of the range's numbers", number));
}

std::ptrdiff_t range_position(std::ptrdiff_t index, std::ptrdiff_t size) {
  const std::ptrdiff_t position = index < 0 ? index + size : index;
  if (position < 0 || position >= size) {
    throw IndexError("range object index out of range");
  }
  return position;
}

std::string range_repr(const std::string& start, const std::string& stop, std::ptrdiff_t step) {
  return step == 1 ? fmt::format("range({}, {})", start, stop)
                   : fmt::format("range({}, {}, {})", start, stop, step);
}

}  // namespace multiprocess::detail
