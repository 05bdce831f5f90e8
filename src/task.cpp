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

std::string describe_loss(std::string_view type, std::uint64_t item, int workers) {
  const std::string what = fmt::format("{}, item {}", readable(type), item);
  return workers == 1 ? what + ","
                      : fmt::format("{} (it has cost {} workers: most likely it is the cause),",
                                    what, workers);
}

}  // namespace multiprocess::detail
