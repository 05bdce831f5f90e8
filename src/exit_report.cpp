// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/exit_report.hpp>

#include <multiprocess/detail/os/transfer.hpp>

#include <cstring>
#include <system_error>

namespace multiprocess::detail {

bool send_report(os::NativeHandle channel, Report report,
                 std::span<const os::NativeHandle> handles) noexcept {
  try {
    os::send_message(channel, std::as_bytes(std::span(&report, 1)), handles);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

std::optional<ReceivedReport> receive_report(os::NativeHandle channel) {
  auto message = os::receive_message(channel);
  if (!message || message->bytes.size() != sizeof(Report)) {
    return std::nullopt;
  }
  ReceivedReport received;
  std::memcpy(&received.report, message->bytes.data(), sizeof(Report));
  if (!message->handles.empty()) {
    received.sentinel = std::move(message->handles.front());
  }
  return received;
}

std::optional<int> receive_exit_code(os::NativeHandle channel) {
  while (const auto received = receive_report(channel)) {
    if (received->report.kind == Report::Kind::ended) {
      return received->report.value;
    }
  }
  return std::nullopt;
}

}  // namespace multiprocess::detail
