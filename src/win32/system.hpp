// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Before <windows.h>, which would include an older one of the same names.
#include <winsock2.h>
#include <ws2tcpip.h>

#include <windows.h>

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace multiprocess::detail::os {

inline HANDLE native(NativeHandle handle) noexcept {
  return reinterpret_cast<HANDLE>(handle);
}

inline SOCKET native_socket(NativeHandle handle) noexcept {
  return static_cast<SOCKET>(handle);
}

/// Takes what a function of the system returned: it says "none" in two ways.
inline Handle owned(HANDLE handle) noexcept {
  return Handle(handle == nullptr ? no_handle : reinterpret_cast<NativeHandle>(handle));
}

/// The C++ name of a Windows error, so that callers know it on every system.
std::error_code to_error_code(DWORD error) noexcept;

/// To be thrown after a call that failed.
inline std::system_error last_error(const std::string& what, DWORD error = GetLastError()) {
  return {to_error_code(error), what};
}
inline std::system_error last_error(const std::string& what, std::errc error) {
  return {std::make_error_code(error), what};
}

/// For the system's waits, which count milliseconds; rounded up so that none ends early and spins.
inline DWORD milliseconds_until(Deadline deadline) noexcept {
  if (deadline == never) {
    return INFINITE;
  }
  if (deadline == at_once) {
    return 0;
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<DWORD>(std::clamp<long long>(left.count(), 0, INFINITE - 1));
}

/// Text as the library has it (UTF-8), and as the system has it.
std::wstring to_wide(std::string_view text);
std::string to_narrow(std::wstring_view text);

}  // namespace multiprocess::detail::os
