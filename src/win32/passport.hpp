// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace multiprocess::detail::os {

/// Handles on their way into one other process: they are there already, when its bytes arrive.
/// Taken back when it goes, unless they were sent.
class Departure {
 public:
  /// Throws std::system_error, for a handle that has a meaning in this process alone as well.
  Departure(DWORD to_process, std::span<const NativeHandle> handles);
  Departure(const Departure&) = delete;
  Departure& operator=(const Departure&) = delete;
  ~Departure();

  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }
  void sent() noexcept { numbers_.clear(); }

 private:
  void add(NativeHandle handle);

  DWORD to_process_;
  Handle process_;
  std::vector<HANDLE> numbers_;  // there
  std::vector<std::byte> bytes_;
};

/// What has arrived with the bytes of a Departure.
struct Arrival {
  std::vector<Handle> handles;
  bool lost_some = false;
};

/// Should the bytes have come to another process than the one that they were for, the handles are
/// fetched from there.
Arrival take_arrival(std::span<const std::byte> bytes, std::size_t count);

/// No number of handles has more bytes than that.
constexpr std::size_t most_arrival_bytes(std::size_t handles) noexcept {
  return handles * (16 + sizeof(WSAPROTOCOL_INFOW));
}

}  // namespace multiprocess::detail::os
