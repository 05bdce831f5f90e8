// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/process.hpp>

#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include "child_sentinel.hpp"
#include "sanitizer_locks.hpp"
#include "system_error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <typeinfo>
#include <utility>

#include <ext/stdio_sync_filebuf.h>

namespace multiprocess::detail::os {

namespace {

int number(NativeHandle handle) noexcept {
  return static_cast<int>(handle);
}

/// The pipe whose write end only this process has, so that its end is seen at the read end.
struct LifeLine {
  std::mutex guard;
  int read = -1;
  int write = -1;
  std::uint64_t id = 0;

  bool is_open() const noexcept {
    return write >= 0 && stream_id(read) == id && stream_id(write) == id;
  }
};

constinit LifeLine own_line;
constinit thread_local bool forking_a_child = false;

/// In a forked child the lines are the parent's: a write end kept open would hide the parent's end.
void drop_inherited_line() {
  if (forking_a_child) {
    close(own_line.write);
  } else if (own_line.is_open()) {
    close(own_line.write);
    close(own_line.read);
  }
  own_line.write = -1;
  own_line.guard.unlock();
}

constinit AroundFork whole_at_forks(
    AroundFork::Nesting::inner, [] { own_line.guard.lock(); }, [] { own_line.guard.unlock(); },
    drop_inherited_line);
[[maybe_unused]] const bool before_main = whole_at_forks.begin();

// A forked child pays for each page that it is the first to touch, code included, and for each
// function that nobody has called before: so these are known beforehand, and it avoids the rest.
using EndFunction = void (*)(int);
const volatile EndFunction exit_at_once = _exit;
constinit std::atomic<bool> stdin_was_read = false;

void rehearse() noexcept {
  static constinit std::atomic<bool> known = false;
  if (!known.exchange(true)) {
    open("", O_RDONLY);
    poll(nullptr, 0, 0);
    dup3(-1, -1, 0);
  }
  stdin_was_read = __fbufsize(stdin) != 0;
}

/// "/proc/self/fd/<number>"
std::array<char, 32> path_of(int descriptor) noexcept {
  std::array<char, 32> path{"/proc/self/fd/"};
  std::size_t end = std::strlen(path.data());
  int scale = 1;
  while (descriptor / scale >= 10) {
    scale *= 10;
  }
  for (; scale > 0; scale /= 10) {
    path[end++] = static_cast<char>('0' + descriptor / scale % 10);
  }
  return path;
}

/// A signal when the stream ends: the new open description is ours alone, so each child has its
/// own. False when the stream has ended already.
bool arm(int line) noexcept {
  fcntl(line, F_SETOWN, getpid());
  fcntl(line, F_SETSIG, SIGKILL);
  fcntl(line, F_SETFL, O_RDONLY | O_NONBLOCK | O_ASYNC);
  pollfd entry{line, POLLIN, 0};
  return poll(&entry, 1, 0) == 0;
}

/// Not as long as it shares the buffers of stdio.
bool buffers_itself(const std::ostream& stream) {
  const auto& buffer = *stream.rdbuf();
  return &typeid(buffer) != &typeid(__gnu_cxx::stdio_sync_filebuf<char>);
}

sigset_t interrupt_alone() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

int to_number(Signal signal) noexcept {
  switch (signal) {
    case Signal::interrupt:
      return SIGINT;
    case Signal::terminate:
      return SIGTERM;
    case Signal::kill:
      break;
  }
  return SIGKILL;
}

}  // namespace

bool can_fork() noexcept {
  return true;
}

Handle open_sentinel(int pid, Handle reserve) {
  int sentinel = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (sentinel < 0 && errno == EMFILE) {
    reserve.reset();  // its number was kept free for this
    sentinel = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  }
  if (sentinel < 0 && errno == ESRCH) {  // ended, and the user has the system forget it at once
    reserve.reset();
    sentinel = open("/dev/null", O_RDONLY | O_CLOEXEC);  // is always readable
  }
  if (sentinel < 0) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw last_error("pidfd_open", error);
  }
  return Handle(sentinel);
}

Started fork_process() {
  Handle reserve = duplicate(life_line());
  rehearse();
  forking_a_child = true;
  const int pid = fork();
  forking_a_child = false;
  if (pid < 0) {
    throw last_error("fork");
  }
  if (pid == 0) {
    reserve.reset();
    return {0, Handle(std::exchange(own_line.read, -1))};
  }
  return {pid, open_sentinel(pid, std::move(reserve))};
}

bool wait_ended(NativeHandle sentinel, Deadline deadline) {
  return wait_readable(sentinel, deadline);
}

bool is_sentinel(NativeHandle sentinel) noexcept {
  return syscall(SYS_pidfd_send_signal, number(sentinel), 0, nullptr, 0) == 0 || errno != EBADF;
}

Handle own_sentinel() {
  const int sentinel = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  if (sentinel < 0) {
    throw last_error("pidfd_open");
  }
  return Handle(sentinel);
}

std::optional<int> take_exit_code(NativeHandle sentinel) noexcept {
  siginfo_t info{};
  constexpr auto by_handle = static_cast<idtype_t>(3);  // P_PIDFD
  int result = -1;
  do {
    result = waitid(by_handle, static_cast<id_t>(sentinel), &info, WEXITED);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    return std::nullopt;
  }
  return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

void send_signal(NativeHandle sentinel, Signal signal) {
  if (syscall(SYS_pidfd_send_signal, number(sentinel), to_number(signal), nullptr, 0) != 0 &&
      errno != ESRCH) {
    throw last_error("pidfd_send_signal");
  }
}

std::string signal_name(int number) {
  const char* const short_name = sigabbrev_np(number);
  return short_name == nullptr ? std::to_string(number) : std::string("SIG") + short_name;
}

void show_as(const std::string& name) noexcept {
  prctl(PR_SET_NAME, name.empty() ? program_invocation_short_name : name.c_str());
}

// Blocked and not ignored: a process that is forked from one which lets it pass misses none between
// its birth and its own say, and what the program had done about the signal stays as it was.
void ignore_interrupt() noexcept {
  std::signal(SIGINT, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

void print_to(NativeHandle output, NativeHandle errors) {
  if (dup2(number(output), STDOUT_FILENO) < 0 || dup2(number(errors), STDERR_FILENO) < 0) {
    throw std::system_error(errno, std::generic_category(), "dup2");
  }
}

void forget_interrupt() noexcept {
  const sigset_t interrupt = interrupt_alone();
  constexpr timespec no_time{};
  while (sigtimedwait(&interrupt, nullptr, &no_time) == SIGINT) {
  }
}

void hold_interrupt(bool hold) noexcept {
  static constinit bool was_held = false;
  const sigset_t interrupt = interrupt_alone();
  sigset_t before;
  if (hold) {
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
    was_held = sigismember(&before, SIGINT) == 1;
  } else if (!was_held) {
    pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
  }
}

NativeHandle life_line() {
  whole_at_forks.begin();
  const std::lock_guard lock(own_line.guard);
  if (!own_line.is_open()) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw last_error("pipe2");
    }
    own_line.read = ends[0];
    own_line.write = ends[1];
    own_line.id = stream_id(ends[0]);
  }
  return own_line.read;
}

Handle enter_child(Handle life_line, bool outlive) {
  close(STDIN_FILENO);  // first: the number that becomes free is enough for the rest
  if (stdin_was_read) {
    __fpurge(stdin);
  }
  if (!outlive) {
    const auto path = path_of(number(life_line.get()));
    const int line = open(path.data(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (line >= 0) {
      dup3(line, number(life_line.get()), O_CLOEXEC);
      close(line);
      if (!arm(number(life_line.get()))) {
        ::kill(getpid(), SIGKILL);
      }
    }
  }
  if (open("/dev/null", O_RDONLY) > STDIN_FILENO) {
    throw last_error("open /dev/null as standard input",
                     EBADF);  // somebody took the number in between
  }
  return life_line;
}

void flush_streams(bool files) noexcept {
  for (std::ostream* const stream : {&std::cout, &std::cerr, &std::clog}) {
    try {
      if (buffers_itself(*stream)) {
        stream->flush();
      }
    } catch (...) {  // the user asked for exceptions; a broken stream does not change how it ends
    }
  }
  if (files) {
    std::fflush(nullptr);
    return;
  }
  for (std::FILE* const stream : {stdout, stderr}) {
    if (ftrylockfile(stream) == 0) {
      fflush_unlocked(stream);
      funlockfile(stream);
    }
  }
}

void end_process(int code) noexcept {
  exit_at_once(code);
  std::abort();
}

}  // namespace multiprocess::detail::os
