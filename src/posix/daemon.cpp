// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/daemon.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include "system_error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace multiprocess::detail::os {

namespace {

/// The process that was started: its end tells the starter what came of the daemon, and leaves
/// nothing to wait for.
[[noreturn]] void end_when_ready(Pipe ready) noexcept {
  ready.write.reset();
  std::array<std::byte, 1> byte{};
  bool is_ready = false;
  try {
    is_ready = read_all(ready.read.get(), byte);
  } catch (const std::system_error&) {  // then it is not
  }
  end_process(is_ready ? 0 : 1);
}

void leave_everything() {
  setsid();
  const Handle nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing || chdir("/") != 0) {
    throw last_error("a daemon cannot leave its place");
  }
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    dup2(static_cast<int>(nothing.get()), stream);
  }
}

}  // namespace

bool start_daemon(const Program& program) {
  const Started started = start_program(program);
  wait_ended(started.sentinel.get(), never);
  return take_exit_code(started.sentinel.get()).value_or(0) == 0;
}

Handle become_daemon() {
  for (const int request : {SIGHUP, SIGINT, SIGTERM}) {
    std::signal(request, SIG_IGN);
  }
  Pipe ready = make_pipe();
  const int pid = fork();
  if (pid < 0) {
    throw last_error("fork");
  }
  if (pid > 0) {
    end_when_ready(std::move(ready));
  }
  leave_everything();
  return std::move(ready.write);
}

void daemon_is_ready(Handle waiting) {
  write_all(waiting.get(), std::array<std::byte, 1>{});
}

}  // namespace multiprocess::detail::os
