// SPDX-License-Identifier: BSD-3-Clause
#include "unix_stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace bench {

namespace {

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace

UnixStream::UnixStream(bool large) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) != 0) {
    fail("socketpair");
  }
  if (large) {
    const int size = 4 << 20;
    for (const int end : ends_) {
      setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
  }
}

UnixStream::~UnixStream() {
  close(ends_[0]);
  close(ends_[1]);
}

void UnixStream::put(int end, std::int64_t number) const {
  put_bytes(end, std::as_bytes(std::span(&number, 1)));
}

std::int64_t UnixStream::get(int end) const {
  std::int64_t number = 0;
  get_bytes(end, std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

void UnixStream::put_bytes(int end, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = write(ends_[end], bytes.data(), bytes.size());
    if (count < 0) {
      fail("write");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void UnixStream::get_bytes(int end, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = read(ends_[end], bytes.data(), bytes.size());
    if (count <= 0) {
      fail("read");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace bench
