// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

namespace multiprocess::test {

/// A child of a plain fork, as a program that knows nothing of this library makes one: nobody tells
/// the library that it begins or ends.
class Forked {
 public:
  /// The child ends with 0 after `run`, by _exit.
  template <class F>
  explicit Forked(F run) : Forked(::fork(), std::move(run)) {}

  /// For the other ways to fork; `pid` is 0 in the child.
  template <class F>
  Forked(pid_t pid, F run) : pid_(pid) {
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      live(std::move(run));
    }
  }
  ~Forked() { kill(); }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// How it ended, as waitpid says.
  int wait() {
    while (!ended_ && waitpid(pid_, &status_, 0) == pid_) {
      ended_ = true;
    }
    return status_;
  }
  bool has_ended() {
    ended_ = ended_ || waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  bool succeeds() { return wait() == 0; }

  void send(int signal) {
    if (!ended_) {
      ::kill(pid_, signal);
    }
  }
  int kill() {
    send(SIGKILL);
    return wait();
  }

 private:
  template <class F>
  [[noreturn]] static void live(F run) noexcept {
    try {
      run();
      _exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "a forked child threw: %s\n", error.what());
      _exit(1);
    }
  }

  pid_t pid_;
  int status_ = 0;
  bool ended_ = false;
};

/// A T that this process shares with those that it forks, outside of the library's memory.
template <class T>
class SharedPage {
 public:
  SharedPage()
      : data_(new (mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                        0)) T{}) {}
  ~SharedPage() { munmap(data_, sizeof(T)); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  T* operator->() const noexcept { return data_; }
  T& operator*() const noexcept { return *data_; }

 private:
  T* data_;
};

}  // namespace multiprocess::test
