// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/socket.hpp>

#include "system_error.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

namespace multiprocess::detail::os {

namespace {

int number(const Handle& handle) noexcept {
  return static_cast<int>(handle.get());
}

std::string name_of(const SocketAddress& address) {
  if (!address.path.empty()) {
    return address.path.front() == '\0' ? "'@" + address.path.substr(1) + "'"
                                        : "'" + address.path + "'";
  }
  return "('" + address.host + "', " + std::to_string(address.port) + ")";
}

/// Why a name stands for no address.
class NameErrors : public std::error_category {
 public:
  const char* name() const noexcept override { return "getaddrinfo"; }
  std::string message(int error) const override { return gai_strerror(error); }
  std::error_condition default_error_condition(int) const noexcept override {
    return std::errc::address_not_available;
  }
};

std::error_code name_error(int error) noexcept {
  static const NameErrors category;
  return error == EAI_SYSTEM ? std::error_code(errno, std::generic_category())
                             : std::error_code(error, category);
}

/// As the system wants it.
struct RawAddress {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&bytes); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&bytes); }
};

std::optional<RawAddress> ask(int (*call)(int, sockaddr*, socklen_t*), NativeHandle socket) {
  std::optional<RawAddress> raw(std::in_place);
  return call(static_cast<int>(socket), raw->get(), &raw->size) == 0 ? raw : std::nullopt;
}

RawAddress raw_path(const SocketAddress& address) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  const std::string& path = address.path;
  const bool is_abstract = path.front() == '\0';
  if (path.size() > sizeof raw.sun_path - (is_abstract ? 0 : 1)) {
    throw last_error("the address " + name_of(address) + ": at most " +
                         std::to_string(sizeof raw.sun_path - 1) + " characters fit",
                     ENAMETOOLONG);
  }
  std::memcpy(raw.sun_path, path.data(), path.size());
  RawAddress made;
  std::memcpy(&made.bytes, &raw, sizeof raw);
  made.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
  return made;
}

/// All that the host's name stands for, those of the older protocol first.
std::vector<RawAddress> resolve(const SocketAddress& address, int flags) {
  if (!address.path.empty()) {
    return {raw_path(address)};
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                std::to_string(address.port).c_str(), &hints, &list);
  if (error != 0) {
    throw std::system_error(name_error(error), "the address " + name_of(address));
  }
  std::vector<RawAddress> all;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    RawAddress& made = all.emplace_back();
    std::memcpy(&made.bytes, each->ai_addr, each->ai_addrlen);
    made.size = each->ai_addrlen;
  }
  freeaddrinfo(list);
  std::stable_partition(all.begin(), all.end(),
                        [](const RawAddress& each) { return each.bytes.ss_family == AF_INET; });
  return all;
}

Handle make_socket(int family) {
  Handle made(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) {
    throw last_error("socket");
  }
  return made;
}

void set_option(NativeHandle socket, int level, int option, int value) noexcept {
  setsockopt(static_cast<int>(socket), level, option, &value, sizeof value);
}

/// Messages leave when they are sent, not when there are more of them.
void set_up(const Handle& stream, int family) noexcept {
  if (family != AF_UNIX) {
    set_option(stream.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    ask_after(stream.get(), usual_silence);
  }
}

/// The time after which a call that waits for room gives up; 0: never.
void limit_sending(const Handle& stream, timeval limit) noexcept {
  setsockopt(number(stream), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

timeval time_until(Deadline deadline) {
  using std::chrono::microseconds;
  const auto left =
      std::chrono::ceil<microseconds>(deadline - std::chrono::steady_clock::now()).count();
  const auto rest = std::max<microseconds::rep>(left, 1);
  return {static_cast<time_t>(rest / std::micro::den),
          static_cast<suseconds_t>(rest % std::micro::den)};
}

/// At a port where nobody listens, a socket may be given that very port, and connect to itself.
bool is_met_by_itself(const Handle& stream) noexcept {
  const auto here = ask(getsockname, stream.get());
  const auto there = ask(getpeername, stream.get());
  return here && there && here->size == there->size &&
         std::memcmp(&here->bytes, &there->bytes, here->size) == 0;
}

/// 0, or the error.
int try_connect(const Handle& stream, const RawAddress& to, Deadline deadline) {
  while (true) {
    if (deadline != never) {
      limit_sending(stream, time_until(deadline));
    }
    if (connect(number(stream), to.get(), to.size) == 0 || errno == EISCONN) {
      if (deadline != never) {
        limit_sending(stream, {});
      }
      return to.bytes.ss_family != AF_UNIX && is_met_by_itself(stream) ? ECONNREFUSED : 0;
    }
    if (errno == EAGAIN || errno == EINPROGRESS) {
      return ETIMEDOUT;
    }
    if (errno != EINTR) {
      return errno;
    }
  }
}

int try_listen(const Handle& made, const RawAddress& address, int backlog) {
  if (address.bytes.ss_family == AF_UNIX) {
    fchmod(number(made), S_IRUSR | S_IWUSR);  // the file is made with it: no moment without
  } else {
    set_option(made.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  }
  return bind(number(made), address.get(), address.size) == 0 && listen(number(made), backlog) == 0
             ? 0
             : errno;
}

SocketAddress in_words(const RawAddress& raw) {
  SocketAddress address;
  if (raw.bytes.ss_family == AF_UNIX) {
    sockaddr_un local{};
    std::memcpy(&local, &raw.bytes, sizeof local);
    const std::size_t size =
        raw.size - std::min<std::size_t>(raw.size, offsetof(sockaddr_un, sun_path));
    address.path.assign(local.sun_path, size);
    if (!address.path.empty() && address.path.front() != '\0') {
      address.path.resize(std::strlen(address.path.c_str()));
    }
    return address;
  }
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (getnameinfo(raw.get(), raw.size, host.data(), host.size(), port.data(), port.size(),
                  NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
    address.host = host.data();
    std::from_chars(port.data(), port.data() + std::strlen(port.data()), address.port);
  }
  return address;
}

/// -1: there is none.
int option_of(NativeHandle socket, int option) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(static_cast<int>(socket), SOL_SOCKET, option, &value, &size);
  return value;
}

}  // namespace

Handle listen_at(const SocketAddress& address, int backlog) {
  int error = EADDRNOTAVAIL;
  for (const RawAddress& each : resolve(address, AI_PASSIVE)) {
    Handle made = make_socket(each.bytes.ss_family);
    error = try_listen(made, each, backlog);
    if (error == 0) {
      never_waits(made.get());
      return made;
    }
  }
  throw last_error("listening at " + name_of(address), error);
}

void never_waits(NativeHandle listening) {
  const int flags = fcntl(static_cast<int>(listening), F_GETFL);
  if (flags < 0 || fcntl(static_cast<int>(listening), F_SETFL, flags | O_NONBLOCK) < 0) {
    throw last_error("fcntl of a listening socket");
  }
}

std::optional<Accepted> accept_now(NativeHandle listening) {
  while (true) {
    RawAddress from;
    Handle accepted(accept4(static_cast<int>(listening), from.get(), &from.size, SOCK_CLOEXEC));
    if (accepted) {
      set_up(accepted, from.bytes.ss_family);
      return Accepted{std::move(accepted), in_words(from)};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return std::nullopt;
    }
    if (errno != EINTR && errno != ECONNABORTED) {
      throw last_error("accept");
    }
  }
}

Handle connect_to(const SocketAddress& address, Deadline deadline) {
  int error = EADDRNOTAVAIL;
  for (const RawAddress& each : resolve(address, 0)) {
    Handle stream = make_socket(each.bytes.ss_family);
    error = try_connect(stream, each, deadline);
    if (error == 0) {
      set_up(stream, each.bytes.ss_family);
      return stream;
    }
  }
  throw last_error("connecting to " + name_of(address), error);
}

void ask_after(NativeHandle stream, std::chrono::seconds silence) noexcept {
  set_option(stream, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(stream, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(silence.count()));
  set_option(stream, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(stream, IPPROTO_TCP, TCP_KEEPCNT, 6);
}

SocketAddress local_address(NativeHandle socket) {
  if (const auto raw = ask(getsockname, socket)) {
    return in_words(*raw);
  }
  throw last_error("getsockname");
}

SocketAddress peer_address(NativeHandle socket) {
  if (const auto raw = ask(getpeername, socket)) {
    return in_words(*raw);
  }
  throw last_error("getpeername");
}

bool is_loopback(const SocketAddress& address) noexcept {
  return !address.path.empty() || address.host.starts_with("127.") || address.host == "::1";
}

bool is_local_stream(NativeHandle handle) noexcept {
  return option_of(handle, SO_DOMAIN) == AF_UNIX && option_of(handle, SO_TYPE) == SOCK_STREAM;
}

bool is_of_our_user(NativeHandle socket) {
  ucred other{};
  socklen_t size = sizeof other;
  if (getsockopt(static_cast<int>(socket), SOL_SOCKET, SO_PEERCRED, &other, &size) != 0) {
    throw last_error("getsockopt(SO_PEERCRED)");
  }
  return other.uid == geteuid();
}

std::optional<std::size_t> read_now(NativeHandle socket, std::span<std::byte> into) {
  while (true) {
    const ssize_t got = recv(static_cast<int>(socket), into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return std::nullopt;
    }
    if (errno != EINTR) {
      throw last_error("recv from descriptor " + std::to_string(socket));
    }
  }
}

bool is_at_end(NativeHandle socket) noexcept {
  std::byte next{};
  ssize_t got = 0;
  do {
    got = recv(static_cast<int>(socket), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

std::size_t write_now(NativeHandle socket, std::span<const std::byte> bytes) {
  while (true) {
    const ssize_t sent =
        send(static_cast<int>(socket), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      return static_cast<std::size_t>(sent);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return 0;
    }
    if (errno != EINTR) {
      throw last_error("send to descriptor " + std::to_string(socket));
    }
  }
}

}  // namespace multiprocess::detail::os
