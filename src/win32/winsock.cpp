// SPDX-License-Identifier: BSD-3-Clause
#include "winsock.hpp"

#include "kinds.hpp"

#include <array>

namespace multiprocess::detail::os {

namespace {

/// Of this and the other end's address; 0 for a socket without any.
std::uint64_t hash_of(SOCKET socket, int(WSAAPI* ask)(SOCKET, sockaddr*, int*)) noexcept {
  sockaddr_storage address{};
  int size = sizeof address;
  if (ask(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&address);
  for (int i = 0; i < size; ++i) {
    hash = (hash ^ bytes[i]) * 0x100000001b3;
  }
  return hash;
}

bool would_wait(int error) noexcept {
  return error == WSAEWOULDBLOCK;
}

/// A socket that comes from elsewhere may be one that waits.
bool is_ready(NativeHandle socket, SHORT events) noexcept {
  WSAPOLLFD entry{native_socket(socket), events, 0};
  return WSAPoll(&entry, 1, 0) != 0;
}

int at_most(std::size_t size) noexcept {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

WSAPROTOCOL_INFOW export_socket(NativeHandle socket, DWORD to_process) {
  WSAPROTOCOL_INFOW exported{};
  if (WSADuplicateSocketW(native_socket(socket), to_process, &exported) != 0) {
    throw socket_error("WSADuplicateSocket of " + std::to_string(socket));
  }
  return exported;
}

Handle import_socket(const WSAPROTOCOL_INFOW& exported) {
  start_sockets();
  WSAPROTOCOL_INFOW facts = exported;
  const SOCKET imported = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO,
                                     &facts, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (imported == INVALID_SOCKET) {
    throw socket_error("WSASocket of a socket that was sent");
  }
  return Handle(static_cast<NativeHandle>(imported));
}

Handle duplicate_socket(NativeHandle socket) {
  return import_socket(export_socket(socket, GetCurrentProcessId()));
}

std::uint64_t id_of_socket(SOCKET socket) noexcept {
  return hash_of(socket, &getsockname) ^ hash_of(socket, &getpeername) << 1;
}

std::optional<std::size_t> receive_now(NativeHandle from, std::span<std::byte> into) {
  if (!is_ready(from, POLLIN)) {
    return std::nullopt;
  }
  const int got =
      recv(native_socket(from), reinterpret_cast<char*>(into.data()), at_most(into.size()), 0);
  if (got >= 0) {
    return static_cast<std::size_t>(got);
  }
  if (would_wait(WSAGetLastError())) {
    return std::nullopt;
  }
  throw socket_error("recv from socket " + std::to_string(from));
}

bool socket_is_at_end(NativeHandle from) noexcept {
  if (!is_ready(from, POLLIN)) {
    return false;
  }
  char next = 0;
  const int got = recv(native_socket(from), &next, 1, MSG_PEEK);
  return got == 0 || (got < 0 && !would_wait(WSAGetLastError()));
}

std::size_t send_now(NativeHandle to, std::span<const std::byte> bytes) {
  if (!is_ready(to, POLLOUT)) {
    return 0;
  }
  const int sent = send(native_socket(to), reinterpret_cast<const char*>(bytes.data()),
                        at_most(bytes.size()), 0);
  if (sent >= 0) {
    return static_cast<std::size_t>(sent);
  }
  const int error = WSAGetLastError();
  if (would_wait(error)) {
    return 0;
  }
  const bool is_gone = error == WSAECONNRESET || error == WSAECONNABORTED;
  throw last_error("send to socket " + std::to_string(to),
                   is_gone ? ERROR_BROKEN_PIPE : static_cast<DWORD>(error));
}

}  // namespace multiprocess::detail::os
