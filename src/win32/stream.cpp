// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/stream.hpp>

#include "kinds.hpp"
#include "pipe.hpp"
#include "readiness.hpp"
#include "winsock.hpp"

namespace multiprocess::detail::os {

namespace {

using Interest = Poller::Interest;

[[noreturn]] void throw_no_stream(NativeHandle handle) {
  throw last_error("handle " + std::to_string(handle), std::errc::bad_file_descriptor);
}

std::size_t receive(NativeHandle from, std::span<std::byte> into) {
  while (true) {
    if (const auto got = receive_now(from, into)) {
      return *got;
    }
    wait_ready(from, Interest::read, never);
  }
}

void send_all(NativeHandle to, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t sent = send_now(to, bytes);
    bytes = bytes.subspan(sent);
    if (sent == 0) {
      wait_ready(to, Interest::write, never);
    }
  }
}

std::size_t read_file(NativeHandle from, std::span<std::byte> into) {
  DWORD got = 0;
  const auto most = static_cast<DWORD>(std::min<std::size_t>(into.size(), MAXLONG));
  if (!ReadFile(native(from), into.data(), most, &got, nullptr)) {
    throw last_error("read from handle " + std::to_string(from));
  }
  return got;
}

void write_file(NativeHandle to, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    DWORD written = 0;
    const auto most = static_cast<DWORD>(std::min<std::size_t>(bytes.size(), MAXLONG));
    if (!WriteFile(native(to), bytes.data(), most, &written, nullptr)) {
      throw last_error("write to handle " + std::to_string(to));
    }
    bytes = bytes.subspan(written);
  }
}

}  // namespace

Pipe make_pipe() {
  // What a program prints may go into the pipe, and its runtime library knows no overlapped writes.
  auto [read, write] = make_pipe_ends({.access = PIPE_ACCESS_INBOUND, .client_overlaps = false});
  return {std::move(read), std::move(write)};
}

std::size_t read_some(NativeHandle from, std::span<std::byte> into) {
  switch (kind_of(from)) {
    case Kind::pipe:
      return *read_pipe(from, into, never);
    case Kind::socket:
      return receive(from, into);
    case Kind::file:
    case Kind::character:
      return read_file(from, into);
    case Kind::closed:
    case Kind::object:
      break;
  }
  throw_no_stream(from);
}

bool read_all(NativeHandle from, std::span<std::byte> into) {
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t got = read_some(from, into.subspan(done));
    if (got == 0 && done == 0) {
      return false;
    }
    if (got == 0) {
      throw last_error("the stream ended in the middle of a message",
                       std::errc::connection_aborted);
    }
    done += got;
  }
  return true;
}

void write_all(NativeHandle to, std::span<const std::byte> bytes) {
  switch (kind_of(to)) {
    case Kind::pipe:
      return write_pipe(to, bytes);
    case Kind::socket:
      return send_all(to, bytes);
    case Kind::file:
    case Kind::character:
      return write_file(to, bytes);
    case Kind::closed:
    case Kind::object:
      break;
  }
  throw_no_stream(to);
}

NativeHandle standard_error() noexcept {
  const HANDLE handle = GetStdHandle(STD_ERROR_HANDLE);
  return handle == nullptr ? no_handle : reinterpret_cast<NativeHandle>(handle);
}

bool is_terminal(NativeHandle handle) noexcept {
  DWORD mode = 0;
  return GetConsoleMode(native(handle), &mode) != FALSE;
}

bool wait_readable(NativeHandle from, Deadline deadline) {
  return wait_ready(from, Interest::read, deadline);
}

void wait_writable(NativeHandle to) {
  wait_ready(to, Interest::write, never);
}

}  // namespace multiprocess::detail::os
