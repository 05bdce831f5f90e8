// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/stream.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

namespace multiprocess::test {

/// Where there is no python3 a test says so and is left out.
inline bool has_python() {
  static const bool found = std::system("python3 -c '' >/dev/null 2>&1") == 0;
  return found;
}

/// For what Python opens and does not own: without this its tracker unlinks it at the end.
inline const std::string python_prelude = R"(
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory, ShareableList
def leave(shm):
    resource_tracker.unregister(shm._name, "shared_memory")
)";

/// What real Python prints when it runs the script; ends in "failed" when it does not end well.
inline std::string python(const std::string& script, const std::vector<std::string>& args = {}) {
  detail::os::Pipe pipe = detail::os::make_pipe();
  const pid_t child = fork();
  if (child == 0) {
    dup2(static_cast<int>(pipe.write.get()), STDOUT_FILENO);
    const std::string all = python_prelude + script;
    std::vector<const char*> words{"python3", "-c", all.c_str()};
    for (const std::string& each : args) {
      words.push_back(each.c_str());
    }
    words.push_back(nullptr);
    execvp("python3", const_cast<char* const*>(words.data()));
    _exit(127);
  }
  pipe.write.reset();
  std::string printed;
  for (std::array<std::byte, 1> byte{}; detail::os::read_all(pipe.read.get(), byte);) {
    printed += static_cast<char>(byte[0]);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? printed : printed + "failed";
}

}  // namespace multiprocess::test
