// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace multiprocess::detail::os {

inline std::system_error socket_error(const std::string& what) {
  return last_error(what, static_cast<DWORD>(WSAGetLastError()));
}

/// Another number for the same socket, in this process. Throws std::system_error.
Handle duplicate_socket(NativeHandle socket);

/// For another process, as it gets it with `import_socket`.
WSAPROTOCOL_INFOW export_socket(NativeHandle socket, DWORD to_process);
Handle import_socket(const WSAPROTOCOL_INFOW& exported);

std::uint64_t id_of_socket(SOCKET socket) noexcept;

/// Bytes read, 0 at the end of the stream; nothing when nothing has come.
std::optional<std::size_t> receive_now(NativeHandle from, std::span<std::byte> into);
/// As is_at_end.
bool socket_is_at_end(NativeHandle from) noexcept;
/// How many bytes are taken at once.
std::size_t send_now(NativeHandle to, std::span<const std::byte> bytes);

}  // namespace multiprocess::detail::os
