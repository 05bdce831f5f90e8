// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/task.hpp>

#include <multiprocess/detail/traceback.hpp>

#include <fmt/format.h>

namespace multiprocess::detail {

void throw_maybe_encoding_error(std::string_view type) {
  throw MaybeEncodingError(fmt::format("Error sending result: '<{}>'. Reason: '{}: {}'",
                                       readable(type), current_exception_type(),
                                       current_exception_message()));
}

}  // namespace multiprocess::detail
