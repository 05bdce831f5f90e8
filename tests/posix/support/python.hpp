// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/stream.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace multiprocess::test {

/// Where there is no python3 a test says so and is left out.
inline bool has_python() {
  static const bool found = std::system("python3 -c '' >/dev/null 2>&1") == 0;
  return found;
}

/// What may be a Python 3. Each may fail to run: pyenv puts a program for each of its versions into
/// the path, of which those run that its user has chosen.
inline std::vector<std::string> possible_pythons() {
  namespace fs = std::filesystem;
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  std::vector<std::string> all{variable("MULTIPROCESS_TEST_PYTHON")};
  std::error_code missing;
  std::istringstream path(variable("PATH"));
  for (std::string folder; std::getline(path, folder, ':');) {
    for (const auto& file : fs::directory_iterator(folder, missing)) {
      const std::string name = file.path().filename();
      if (name.starts_with("python3") && name.find_first_not_of(".0123456789", 7) == name.npos) {
        all.push_back(file.path());
      }
    }
  }
  const std::string root = variable("PYENV_ROOT");
  const std::string versions = (root.empty() ? variable("HOME") + "/.pyenv" : root) + "/versions";
  for (const auto& version : fs::directory_iterator(versions, missing)) {
    all.push_back(version.path() / "bin/python3");
  }
  return all;
}

/// The first Python that ends well with these lines (in which there is no apostrophe); empty when
/// there is none.
inline std::string find_python(const std::string& lines) {
  const std::vector<std::string> all = possible_pythons();
  const auto found = std::ranges::find_if(all, [&lines](const std::string& each) {
    const std::string command = "'" + each + "' -c '" + lines + "' >/dev/null 2>&1";
    return !each.empty() && std::system(command.c_str()) == 0;
  });
  return found == all.end() ? std::string() : *found;
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
