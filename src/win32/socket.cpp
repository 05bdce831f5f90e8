// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket.hpp>

#include "kinds.hpp"
#include "listening.hpp"
#include "pipe.hpp"
#include "pipe_name.hpp"
#include "winsock.hpp"

#include <mstcpip.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

namespace multiprocess::detail::os {

namespace {

constexpr ULONG between_questions = 10'000;  // milliseconds
constexpr int most_instances = 16;           // each is a pipe that is there before anybody comes

std::string name_of(const SocketAddress& address) {
  return "('" + address.host + "', " + std::to_string(address.port) + ")";
}

/// As the system wants it.
struct RawAddress {
  sockaddr_storage bytes{};
  int size = sizeof bytes;

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&bytes); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&bytes); }
};

/// All that the host's name stands for, those of the older protocol first.
std::vector<RawAddress> resolve(const SocketAddress& address, int flags) {
  start_sockets();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                std::to_string(address.port).c_str(), &hints, &list);
  if (error != 0) {
    throw last_error("the address " + name_of(address) + ": " + gai_strerrorA(error),
                     std::errc::address_not_available);
  }
  std::vector<RawAddress> all;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    RawAddress& made = all.emplace_back();
    std::memcpy(&made.bytes, each->ai_addr, each->ai_addrlen);
    made.size = static_cast<int>(each->ai_addrlen);
  }
  freeaddrinfo(list);
  std::stable_partition(all.begin(), all.end(),
                        [](const RawAddress& each) { return each.bytes.ss_family == AF_INET; });
  return all;
}

Handle make_socket(int family) {
  const SOCKET made = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0,
                                 WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (made == INVALID_SOCKET) {
    throw socket_error("socket");
  }
  Handle socket(static_cast<NativeHandle>(made));
  never_waits(socket.get());
  return socket;
}

void set_option(const Handle& socket, int level, int option) noexcept {
  const int yes = 1;
  setsockopt(native_socket(socket.get()), level, option, reinterpret_cast<const char*>(&yes),
             sizeof yes);
}

/// Messages leave when they are sent, not when there are more of them.
void set_up(const Handle& stream) noexcept {
  set_option(stream, IPPROTO_TCP, TCP_NODELAY);
  ask_after(stream.get(), usual_silence);
}

timeval time_until(Deadline deadline) {
  using std::chrono::microseconds;
  constexpr microseconds::rep longest = 1'000'000'000'000;  // more does not fit
  const auto left =
      std::chrono::ceil<microseconds>(deadline - std::chrono::steady_clock::now()).count();
  const auto rest = std::clamp<microseconds::rep>(left, 1, longest);
  return {static_cast<long>(rest / std::micro::den), static_cast<long>(rest % std::micro::den)};
}

/// 0, or the error. By select(): the others did not tell of a failure on older systems.
int wait_connected(SOCKET stream, Deadline deadline) {
  fd_set connected;
  fd_set failed;
  int ready = 0;
  do {
    FD_ZERO(&connected);
    FD_ZERO(&failed);
    FD_SET(stream, &connected);
    FD_SET(stream, &failed);
    timeval rest = deadline == never ? timeval{} : time_until(deadline);
    ready = select(0, nullptr, &connected, &failed, deadline == never ? nullptr : &rest);
  } while (ready == 0 && deadline > std::chrono::steady_clock::now());
  if (ready <= 0) {
    return ready == 0 ? WSAETIMEDOUT : WSAGetLastError();
  }
  int error = 0;
  int size = sizeof error;
  getsockopt(stream, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size);
  return error == 0 && !FD_ISSET(stream, &connected) ? WSAECONNREFUSED : error;
}

/// At a port where nobody listens, a socket may be given that very port, and connect to itself.
bool is_met_by_itself(const Handle& stream) noexcept {
  const SOCKET socket = native_socket(stream.get());
  RawAddress here;
  RawAddress there;
  return getsockname(socket, here.get(), &here.size) == 0 &&
         getpeername(socket, there.get(), &there.size) == 0 && here.size == there.size &&
         std::memcmp(&here.bytes, &there.bytes, static_cast<std::size_t>(here.size)) == 0;
}

/// 0, or the error.
int try_connect(const Handle& stream, const RawAddress& to, Deadline deadline) {
  const SOCKET socket = native_socket(stream.get());
  int error = connect(socket, to.get(), to.size) == 0 ? 0 : WSAGetLastError();
  if (error == WSAEWOULDBLOCK) {
    error = wait_connected(socket, deadline);
  }
  return error == 0 && is_met_by_itself(stream) ? WSAECONNREFUSED : error;
}

int try_listen(const Handle& made, const RawAddress& address, int backlog) {
  set_option(made, SOL_SOCKET, SO_EXCLUSIVEADDRUSE);  // or another program could take the port over
  const SOCKET socket = native_socket(made.get());
  return bind(socket, address.get(), address.size) == 0 && listen(socket, backlog) == 0
             ? 0
             : WSAGetLastError();
}

SocketAddress in_words(const RawAddress& raw) {
  SocketAddress address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (getnameinfo(raw.get(), raw.size, host.data(), static_cast<DWORD>(host.size()), port.data(),
                  static_cast<DWORD>(port.size()), NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
    address.host = host.data();
    std::from_chars(port.data(), port.data() + std::strlen(port.data()), address.port);
  }
  return address;
}

/// A pipe has an address where it is served, and none at the other end.
SocketAddress address_of_pipe(NativeHandle pipe, bool at_the_server) {
  return at_the_server ? SocketAddress{"\\\\.\\pipe" + to_narrow(name_of_pipe(pipe))}
                       : SocketAddress();
}

Handle listen_at_path(const std::string& path, int backlog) {
  const auto instances = static_cast<std::size_t>(std::clamp(backlog + 1, 1, most_instances));
  return ListeningPipe::open(pipe_name(path), PIPE_TYPE_BYTE, instances);
}

}  // namespace

Handle listen_at(const SocketAddress& address, int backlog) {
  if (!address.path.empty()) {
    return listen_at_path(address.path, backlog);
  }
  int error = WSAEADDRNOTAVAIL;
  for (const RawAddress& each : resolve(address, AI_PASSIVE)) {
    Handle made = make_socket(each.bytes.ss_family);
    error = try_listen(made, each, backlog);
    if (error == 0) {
      return made;
    }
  }
  throw last_error("listening at " + name_of(address), static_cast<DWORD>(error));
}

void never_waits(NativeHandle listening) {
  u_long yes = 1;
  if (special_as<ListeningPipe>(listening) == nullptr &&
      ioctlsocket(native_socket(listening), static_cast<long>(FIONBIO), &yes) != 0) {
    throw socket_error("ioctlsocket");
  }
}

std::optional<Accepted> accept_now(NativeHandle listening) {
  if (const auto pipe = special_as<ListeningPipe>(listening)) {
    auto accepted = pipe->accept();
    return accepted ? std::optional(Accepted{std::move(*accepted), {}}) : std::nullopt;
  }
  start_sockets();
  while (true) {
    RawAddress from;
    const SOCKET accepted = accept(native_socket(listening), from.get(), &from.size);
    if (accepted != INVALID_SOCKET) {
      Handle stream(static_cast<NativeHandle>(accepted));
      SetHandleInformation(native(stream.get()), HANDLE_FLAG_INHERIT, 0);
      never_waits(stream.get());
      set_up(stream);
      return Accepted{std::move(stream), in_words(from)};
    }
    const int error = WSAGetLastError();
    if (error == WSAEWOULDBLOCK) {
      return std::nullopt;
    }
    if (error != WSAECONNRESET && error != WSAECONNABORTED) {
      throw socket_error("accept");
    }
  }
}

Handle connect_to(const SocketAddress& address, Deadline deadline) {
  if (!address.path.empty()) {
    return connect_to_pipe(pipe_name(address.path), PIPE_TYPE_BYTE, deadline);
  }
  int error = WSAEADDRNOTAVAIL;
  for (const RawAddress& each : resolve(address, 0)) {
    Handle stream = make_socket(each.bytes.ss_family);
    error = try_connect(stream, each, deadline);
    if (error == 0) {
      set_up(stream);
      return stream;
    }
  }
  throw last_error("connecting to " + name_of(address), static_cast<DWORD>(error));
}

void ask_after(NativeHandle stream, std::chrono::seconds silence) noexcept {
  tcp_keepalive wanted{1, static_cast<ULONG>(std::chrono::milliseconds(silence).count()),
                       between_questions};
  DWORD returned = 0;
  WSAIoctl(native_socket(stream), SIO_KEEPALIVE_VALS, &wanted, sizeof wanted, nullptr, 0, &returned,
           nullptr, nullptr);
}

SocketAddress local_address(NativeHandle socket) {
  if (const auto pipe = special_as<ListeningPipe>(socket)) {
    return {to_narrow(pipe->name())};
  }
  if (kind_of(socket) == Kind::pipe) {
    return address_of_pipe(socket, is_server_end(socket));
  }
  RawAddress raw;
  if (getsockname(native_socket(socket), raw.get(), &raw.size) != 0) {
    throw socket_error("getsockname");
  }
  return in_words(raw);
}

SocketAddress peer_address(NativeHandle socket) {
  if (kind_of(socket) == Kind::pipe) {
    return address_of_pipe(socket, !is_server_end(socket));
  }
  RawAddress raw;
  if (getpeername(native_socket(socket), raw.get(), &raw.size) != 0) {
    throw socket_error("getpeername");
  }
  return in_words(raw);
}

bool is_loopback(const SocketAddress& address) noexcept {
  return !address.path.empty() || address.host.starts_with("127.") || address.host == "::1";
}

bool is_local_stream(NativeHandle handle) noexcept {
  const auto listening = special_as<ListeningPipe>(handle);
  return listening != nullptr ? listening->type() == PIPE_TYPE_BYTE : is_duplex(handle);
}

bool is_of_our_user(NativeHandle socket) {
  if (kind_of(socket) != Kind::pipe) {
    throw last_error("the user at the other end of handle " + std::to_string(socket),
                     std::errc::invalid_argument);
  }
  return whose_other_end(socket) == Belongs::to_us;
}

std::optional<std::size_t> read_now(NativeHandle socket, std::span<std::byte> into) {
  if (is_socket(socket)) {
    return receive_now(socket, into);
  }
  const PipePeek peek = peek_pipe(socket);
  if (peek.kind == PipePeek::pipe && !peek.is_gone && peek.available == 0) {
    return std::nullopt;
  }
  return read_pipe(socket, into, at_once);
}

bool is_at_end(NativeHandle socket) noexcept {
  if (is_socket(socket)) {
    return socket_is_at_end(socket);
  }
  const PipePeek peek = peek_pipe(socket);
  return peek.is_gone && peek.available == 0;
}

std::size_t write_now(NativeHandle socket, std::span<const std::byte> bytes) {
  return is_socket(socket) ? send_now(socket, bytes) : write_pipe_now(socket, bytes);
}

}  // namespace multiprocess::detail::os
