// SPDX-License-Identifier: BSD-3-Clause
#include "support/deadline.hpp"

#include "support/leftovers.hpp"

#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace multiprocess::test {
namespace {

const int time_is_up = SIGRTMAX - 1;
const int show_yourself = SIGRTMAX - 2;

std::string running;
timer_t timer;

void print_own_stack(int) {
  std::array<void*, 64> frames;
  const int depth = backtrace(frames.data(), static_cast<int>(frames.size()));
  const std::string title = "-- thread " + std::to_string(gettid()) + "\n";
  (void)!write(STDERR_FILENO, title.data(), title.size());
  backtrace_symbols_fd(frames.data(), depth, STDERR_FILENO);
}

void show_threads() {
  for (const int thread : threads_of(getpid())) {
    std::fprintf(stderr, "%s\n", describe_thread(getpid(), thread).c_str());
    if (thread != gettid()) {
      syscall(SYS_tgkill, getpid(), thread, show_yourself);
      // The stacks come out one after the other; a thread that blocks all signals prints none.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  print_own_stack(0);
}

void end_descendants() {
  for (const int pid : descendants()) {
    for (const int thread : threads_of(pid)) {
      std::fprintf(stderr, "process %d: %s\n", pid, describe_thread(pid, thread).c_str());
    }
  }
  for (const int pid : descendants()) {
    ::kill(pid, SIGKILL);
  }
}

// Nothing here is safe in a signal handler, but this program is lost anyway: the alarm ends it
// should the report hang as well.
void report(int) {
  signal(SIGALRM, SIG_DFL);
  alarm(5);
  std::fprintf(stderr, "\nThe time is up: %s\n", running.c_str());
  show_threads();
  end_descendants();
  signal(SIGABRT, SIG_DFL);
  std::abort();
}

void handle(int signal_number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal_number, &action, nullptr);
}

void set_timer(std::chrono::milliseconds limit) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  itimerspec when = {};
  when.it_value.tv_sec = seconds.count();
  when.it_value.tv_nsec = std::chrono::nanoseconds(limit - seconds).count();
  timer_settime(timer, 0, &when, nullptr);
}

}  // namespace

Deadline::Deadline(std::chrono::milliseconds limit, std::string what) {
  running = std::move(what);
  handle(time_is_up, report);
  handle(show_yourself, print_own_stack);
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = time_is_up;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  set_timer(limit);
}

Deadline::~Deadline() {
  timer_delete(timer);
}

std::chrono::milliseconds test_limit() {
  const char* seconds = std::getenv("MULTIPROCESS_TEST_DEADLINE");
  return std::chrono::seconds(seconds == nullptr ? 30 : std::atoi(seconds));
}

}  // namespace multiprocess::test
