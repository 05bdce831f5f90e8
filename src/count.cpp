// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/count.hpp>

#include <multiprocess/error.hpp>

namespace multiprocess::detail {

void throw_no_count() {
  throw ValueError("the number is larger than any count: was it negative once?");
}

}  // namespace multiprocess::detail
