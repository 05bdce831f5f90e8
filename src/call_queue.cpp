// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/call_queue.hpp>

#include <multiprocess/timeout.hpp>

namespace multiprocess::detail {

os::Deadline deadline_after(std::int64_t time) {
  return time < 0 ? os::never : Timeout(std::chrono::nanoseconds(time)).deadline();
}

os::Deadline read_deadline(CallReader& from) {
  return deadline_after(from.get_signed());
}

}  // namespace multiprocess::detail
