// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <utility>

namespace multiprocess::detail::os {

/// The number by which the system knows an open thing: a descriptor on POSIX, a HANDLE on Windows.
using NativeHandle = std::intptr_t;

inline constexpr NativeHandle no_handle = -1;

/// Owns one open descriptor (POSIX) or HANDLE (Windows) and closes it.
class Handle {
 public:
  Handle() = default;
  explicit Handle(NativeHandle native) noexcept : native_(native) {}
  Handle(Handle&& other) noexcept : native_(other.release()) {}
  Handle& operator=(Handle&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { reset(); }

  NativeHandle get() const noexcept { return native_; }
  explicit operator bool() const noexcept { return native_ != no_handle; }
  NativeHandle release() noexcept { return std::exchange(native_, no_handle); }

  /// Closes what it owned and owns `native` from now on.
  void reset(NativeHandle native = no_handle) noexcept;

 private:
  NativeHandle native_ = no_handle;
};

/// Says which open file or stream a number means now: 0 when none. Somebody may have closed all
/// descriptors, and opened others since. Sentinels are not told apart.
std::uint64_t stream_id(NativeHandle native) noexcept;

/// A second handle on the same open thing, not inherited by new programs. Throws std::system_error.
Handle duplicate(NativeHandle native);

/// Throws std::system_error (bad_file_descriptor) when there is no such open thing.
void require_open(NativeHandle native);

}  // namespace multiprocess::detail::os
