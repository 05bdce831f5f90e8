// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace multiprocess::detail {

/// What the fork server, and the children that it starts, tell the process that asked for one.
struct Report {
  enum class Kind : std::uint32_t {
    started,  ///< the child runs: its pid, with its sentinel
    failed,   ///< it could not be started: the system's error number
    ended,    ///< its exit code
  };
  Kind kind = Kind::ended;
  std::int32_t value = 0;
};

struct ReceivedReport {
  Report report;
  os::Handle sentinel;
};

/// False when it could not be sent, as when nobody listens any more.
bool send_report(os::NativeHandle channel, Report report,
                 std::span<const os::NativeHandle> handles = {}) noexcept;

/// Waits for the next one; nothing when all who could send one have ended.
std::optional<ReceivedReport> receive_report(os::NativeHandle channel);

/// Waits for the exit code, as above.
std::optional<int> receive_exit_code(os::NativeHandle channel);

}  // namespace multiprocess::detail
