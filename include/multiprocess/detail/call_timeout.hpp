// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/timeout.hpp>

#include <chrono>

namespace multiprocess::detail {

/// How long the server may wait before it answers: no two programs need to have the same clock.
inline void put_timeout(CallWriter& into, Timeout timeout) {
  into.put_signed(timeout.is_forever() ? -1 : timeout.duration().count());
}

/// What is left until then.
inline Timeout timeout_until(os::Deadline deadline) {
  return deadline == os::never ? forever : Timeout(deadline - std::chrono::steady_clock::now());
}

}  // namespace multiprocess::detail
