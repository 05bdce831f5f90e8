// SPDX-License-Identifier: BSD-3-Clause
#include "../channels.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace bench {

namespace {

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace

PipeChannel::PipeChannel(bool large) {
  if (pipe2(ends_, O_CLOEXEC) != 0) {
    fail("pipe2");
  }
  if (large) {
    fcntl(ends_[1], F_SETPIPE_SZ, 1 << 20);
  }
}

PipeChannel::~PipeChannel() {
  close(ends_[0]);
  close(ends_[1]);
}

void PipeChannel::put(std::int64_t number) {
  put_bytes(std::as_bytes(std::span(&number, 1)));
}

std::int64_t PipeChannel::get() {
  std::int64_t number = 0;
  get_bytes(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

void PipeChannel::put_bytes(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = write(ends_[1], bytes.data(), bytes.size());
    if (count < 0) {
      fail("write");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void PipeChannel::get_bytes(std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = read(ends_[0], bytes.data(), bytes.size());
    if (count <= 0) {
      fail("read");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace bench
