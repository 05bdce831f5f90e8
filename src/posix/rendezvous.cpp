// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/rendezvous.hpp>

#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/socket.hpp>

#include "system_error.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace multiprocess::detail::os {

namespace {

constexpr int most_waiting = 4096;  // the system may allow less

/// In Linux's abstract namespace: no file, and free again when the last descriptor is closed.
struct Address {
  explicit Address(std::uint64_t name) noexcept {
    const int length = std::snprintf(bytes.sun_path + 1, sizeof bytes.sun_path - 1,
                                     "multiprocess-%016llx", static_cast<unsigned long long>(name));
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                  static_cast<std::size_t>(length));
  }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&bytes); }

  sockaddr_un bytes{AF_UNIX, {}};
  socklen_t size;
};

Handle make_socket(int flags) {
  Handle made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
  if (!made) {
    throw last_error("socket");
  }
  return made;
}

int number(const Handle& handle) noexcept {
  return static_cast<int>(handle.get());
}

}  // namespace

Rendezvous open_rendezvous() {
  while (true) {
    Rendezvous made{random_number(), make_socket(SOCK_NONBLOCK)};
    const Address address(made.name);
    if (made.name != 0 && bind(number(made.door), address.get(), address.size) == 0) {
      if (listen(number(made.door), most_waiting) != 0) {
        throw last_error("listen");
      }
      return made;
    }
    if (made.name != 0 && errno != EADDRINUSE) {
      throw last_error("bind");
    }
  }
}

Handle admit(NativeHandle door) {
  int accepted = -1;
  do {
    accepted = accept4(static_cast<int>(door), nullptr, nullptr, SOCK_CLOEXEC);
  } while (accepted < 0 && errno == EINTR);
  if (accepted < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED) {
      return {};
    }
    throw last_error("accept");
  }
  Handle channel(accepted);
  return is_of_our_user(channel.get()) ? std::move(channel) : Handle();
}

Handle visit(std::uint64_t name, Patience patience) {
  Handle channel = make_socket(patience == Patience::none ? SOCK_NONBLOCK : 0);
  const Address address(name);
  while (connect(number(channel), address.get(), address.size) != 0) {
    if (errno == ECONNREFUSED || (errno == EAGAIN && patience == Patience::none)) {
      return {};
    }
    if (errno != EINTR) {
      throw last_error("connect");
    }
  }
  if (!is_of_our_user(channel.get())) {
    throw last_error("the process that serves this process tree belongs to another user", EPERM);
  }
  return channel;
}

}  // namespace multiprocess::detail::os
