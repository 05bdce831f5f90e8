// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_items.hpp>

#include <multiprocess/error.hpp>

namespace multiprocess::detail {

void throw_must_be_given() {
  throw ValueError(
      "items that cannot be copied are given away (std::move) to a call with a time limit");
}

}  // namespace multiprocess::detail
