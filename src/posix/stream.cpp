// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/stream.hpp>

#include "system_error.hpp"
#include "time_until.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

namespace multiprocess::detail::os {
namespace {

/// Waits for `events`; false when the deadline passes first.
bool wait_for(NativeHandle handle, short events, Deadline deadline) {
  if (handle == no_handle) {
    throw last_error("poll of no descriptor", EBADF);  // poll() would pass over it
  }
  pollfd entry{static_cast<int>(handle), events, 0};
  for (;;) {
    std::optional<timespec> rest;
    if (deadline != never) {
      rest = time_until(deadline);
    }
    const int ready = ppoll(&entry, 1, rest ? &*rest : nullptr, nullptr);
    if (ready < 0 && errno != EINTR) {
      throw last_error("poll");
    }
    if (ready > 0 && (entry.revents & POLLNVAL) != 0) {
      throw last_error("poll of descriptor " + std::to_string(handle), EBADF);
    }
    if (ready >= 0) {
      return ready > 0;
    }
  }
}

/// Whether the call is to be repeated; waits first when the stream is in non-blocking mode.
bool try_again(NativeHandle handle, short events) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    wait_for(handle, events, never);
    return true;
  }
  return errno == EINTR;
}

/// Turns the SIGPIPE of a write into its EPIPE alone, for this thread, unless one was pending.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;
  ~WithoutPipeSignal() {
    const int kept = errno;
    if (!was_pending_ && kept == EPIPE) {
      constexpr timespec now{};
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = kept;
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
};

ssize_t write_to_pipe(int to, std::span<const std::byte> bytes) {
  const WithoutPipeSignal quiet;
  errno = 0;
  return write(to, bytes.data(), bytes.size());
}

}  // namespace

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) {
    throw last_error("cannot make a pipe");
  }
  return {Handle(ends[0]), Handle(ends[1])};
}

std::size_t read_some(NativeHandle from, std::span<std::byte> into) {
  for (;;) {
    const ssize_t got = read(static_cast<int>(from), into.data(), into.size());
    if (got >= 0) {
      return static_cast<std::size_t>(got);
    }
    if (!try_again(from, POLLIN)) {
      throw last_error("read from descriptor " + std::to_string(from));
    }
  }
}

bool read_all(NativeHandle from, std::span<std::byte> into) {
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t got = read_some(from, into.subspan(done));
    if (got == 0 && done == 0) {
      return false;
    }
    if (got == 0) {
      throw last_error("the stream ended in the middle of a message", ECONNABORTED);
    }
    done += got;
  }
  return true;
}

void write_all(NativeHandle to, std::span<const std::byte> bytes) {
  const int descriptor = static_cast<int>(to);
  bool is_socket = true;
  while (!bytes.empty()) {
    const ssize_t sent = is_socket ? send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                   : write_to_pipe(descriptor, bytes);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (is_socket && errno == ENOTSOCK) {
      is_socket = false;
    } else if (!try_again(to, POLLOUT)) {
      throw last_error("write to descriptor " + std::to_string(to));
    }
  }
}

NativeHandle standard_error() noexcept {
  return STDERR_FILENO;
}

bool is_terminal(NativeHandle handle) noexcept {
  return isatty(static_cast<int>(handle)) == 1;
}

bool wait_readable(NativeHandle from, Deadline deadline) {
  return wait_for(from, POLLIN, deadline);
}

void wait_writable(NativeHandle to) {
  wait_for(to, POLLOUT, never);
}

}  // namespace multiprocess::detail::os
