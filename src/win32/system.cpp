// SPDX-License-Identifier: BSD-3-Clause
#include "system.hpp"

namespace multiprocess::detail::os {

std::error_code to_error_code(DWORD error) noexcept {
  using std::errc;
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_MOD_NOT_FOUND:
      return make_error_code(errc::no_such_file_or_directory);
    case ERROR_TOO_MANY_OPEN_FILES:
    case WSAEMFILE:
      return make_error_code(errc::too_many_files_open);
    case ERROR_ACCESS_DENIED:
    case WSAEACCES:
      return make_error_code(errc::permission_denied);
    case ERROR_INVALID_HANDLE:
    case WSAENOTSOCK:
    case WSAEBADF:
      return make_error_code(errc::bad_file_descriptor);
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_NO_SYSTEM_RESOURCES:
    case WSAENOBUFS:
      return make_error_code(errc::not_enough_memory);
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
      return make_error_code(errc::file_exists);
    case ERROR_INVALID_PARAMETER:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case WSAEINVAL:
      return make_error_code(errc::invalid_argument);
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA:
    case ERROR_PIPE_NOT_CONNECTED:
    case WSAESHUTDOWN:
      return make_error_code(errc::broken_pipe);
    case ERROR_PIPE_BUSY:
    case ERROR_BUSY:
      return make_error_code(errc::device_or_resource_busy);
    case ERROR_DISK_FULL:
      return make_error_code(errc::no_space_on_device);
    case ERROR_SEM_TIMEOUT:
    case WAIT_TIMEOUT:
    case WSAETIMEDOUT:
      return make_error_code(errc::timed_out);
    case ERROR_BAD_EXE_FORMAT:
      return make_error_code(errc::executable_format_error);
    case ERROR_OPERATION_ABORTED:
    case WSAEINTR:
      return make_error_code(errc::interrupted);
    case WSAEWOULDBLOCK:
      return make_error_code(errc::operation_would_block);
    case WSAEADDRINUSE:
      return make_error_code(errc::address_in_use);
    case WSAEADDRNOTAVAIL:
      return make_error_code(errc::address_not_available);
    case WSAEAFNOSUPPORT:
      return make_error_code(errc::address_family_not_supported);
    case WSAECONNREFUSED:
    case ERROR_CONNECTION_REFUSED:
      return make_error_code(errc::connection_refused);
    case WSAECONNRESET:
    case ERROR_NETNAME_DELETED:
      return make_error_code(errc::connection_reset);
    case WSAECONNABORTED:
      return make_error_code(errc::connection_aborted);
    case WSAENOTCONN:
      return make_error_code(errc::not_connected);
    case WSAENETUNREACH:
      return make_error_code(errc::network_unreachable);
    case WSAEHOSTUNREACH:
    case WSAHOST_NOT_FOUND:
      return make_error_code(errc::host_unreachable);
    default:
      return {static_cast<int>(error), std::system_category()};
  }
}

std::wstring to_wide(std::string_view text) {
  const int size = static_cast<int>(text.size());
  const int wanted = MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0);
  std::wstring wide(static_cast<std::size_t>(wanted), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(), wanted);
  return wide;
}

std::string to_narrow(std::wstring_view text) {
  const int size = static_cast<int>(text.size());
  const int wanted =
      WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string narrow(static_cast<std::size_t>(wanted), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, narrow.data(), wanted, nullptr, nullptr);
  return narrow;
}

}  // namespace multiprocess::detail::os
