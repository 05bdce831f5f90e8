// SPDX-License-Identifier: BSD-3-Clause
#include "python_peer.hpp"

#include "json.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace bench {

namespace {

constexpr int patience_ms = 120'000;

std::string& chosen_python() {
  static std::string path = access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
  return path;
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  return ends;
}

}  // namespace

void set_python(std::string path) {
  chosen_python() = std::move(path);
}

/// The process of a script, and the pipes to and from it.
struct PythonPeer::Running {
  explicit Running(const std::string& script) {
    const std::array<int, 2> requests = make_pipe();
    const std::array<int, 2> replies = make_pipe();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, requests[0], 0);
    posix_spawn_file_actions_adddup2(&actions, replies[1], 1);
    std::string python = chosen_python();
    std::string file = MULTIPROCESS_BENCHMARK_PEERS "/" + script + ".py";
    std::string no_cache = "-B";  // the sources stay as they are
    std::string serve = "--serve";
    char* const arguments[] = {python.data(), no_cache.data(), file.data(), serve.data(), nullptr};
    absent = posix_spawnp(&pid, python.c_str(), &actions, nullptr, arguments, environ) != 0;
    posix_spawn_file_actions_destroy(&actions);
    close(requests[0]);
    close(replies[1]);
    to = requests[1];
    from = replies[0];
  }

  ~Running() {
    close(to);  // the script's loop ends
    close(from);
    if (!absent) {
      waitpid(pid, nullptr, 0);
    }
  }

  void ask(const std::string& line) const {
    if (write(to, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw std::system_error(errno, std::generic_category(), "python peer");
    }
  }

  std::string answer() {
    while (true) {
      if (const std::size_t end = read_ahead.find('\n'); end != std::string::npos) {
        std::string line = read_ahead.substr(0, end);
        read_ahead.erase(0, end + 1);
        return line;
      }
      pollfd wanted{from, POLLIN, 0};
      char bytes[4096];
      const int ready = poll(&wanted, 1, patience_ms);
      if (ready < 0 && errno == EINTR) {
        continue;
      }
      const ssize_t count = ready == 1 ? read(from, bytes, sizeof(bytes)) : 0;
      if (count <= 0) {
        kill(pid, SIGKILL);
        throw std::runtime_error("the python peer does not answer");
      }
      read_ahead.append(bytes, static_cast<std::size_t>(count));
    }
  }

  pid_t pid = 0;
  bool absent = false;
  int to = -1;
  int from = -1;
  std::string read_ahead;
};

PythonPeer::PythonPeer(std::string script) : script_(std::move(script)) {}
PythonPeer::~PythonPeer() = default;

std::optional<double> PythonPeer::measure(const std::string& name, Placement placement,
                                          double scale) {
  if (running_ == nullptr) {
    running_ = std::make_unique<Running>(script_);
  }
  if (running_->absent) {
    return std::nullopt;
  }
  running_->ask(fmt::format("{}\t{}\t{}\n", name, to_string(placement), scale));
  const Row row = row_from_json(running_->answer());
  return row.rounds.empty() ? std::nullopt : row.rounds.front();
}

}  // namespace bench
