// SPDX-License-Identifier: BSD-3-Clause
#include "raw_process.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

namespace {

void wait_for(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || status != 0) {
    throw std::runtime_error("the child failed");
  }
}

}  // namespace

void fork_and_wait() {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(0);
  }
  if (pid < 0) {
    throw std::system_error(errno, std::generic_category(), "fork");
  }
  wait_for(pid);
}

void spawn_and_wait() {
  std::string program = "/proc/self/exe";
  std::string argument = end_at_once;
  char* const arguments[] = {program.data(), argument.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environ);
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "posix_spawn");
  }
  wait_for(pid);
}

}  // namespace bench
