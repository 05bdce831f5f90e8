// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poll.hpp>

#include "time_until.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace multiprocess::detail::os {

namespace {

struct QuietThread {
  void (*body)(void*);
  void* context;
};

void* run_quiet_thread(void* argument) {
  const std::unique_ptr<QuietThread> thread(static_cast<QuietThread*>(argument));
  thread->body(thread->context);
  return nullptr;
}

}  // namespace

std::vector<std::size_t> wait_any(std::span<const NativeHandle> handles, Deadline deadline) {
  std::vector<pollfd> entries;
  entries.reserve(handles.size());
  for (const NativeHandle handle : handles) {
    entries.push_back({static_cast<int>(handle), POLLIN, 0});
  }
  int count = 0;
  do {
    count = poll(entries.data(), entries.size(), milliseconds_until(deadline));
  } while ((count < 0 && errno == EINTR) ||
           (count == 0 && deadline != never && std::chrono::steady_clock::now() < deadline));
  if (count < 0) {
    throw std::system_error(errno, std::generic_category(), "poll");
  }
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].revents != 0) {
      ready.push_back(i);
    }
  }
  return ready;
}

void start_quiet_thread(void (*body)(void*), void* context) {
  auto start = std::make_unique<QuietThread>(QuietThread{body, context});
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, &run_quiet_thread, start.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) {
    throw std::system_error(error, std::generic_category(), "pthread_create");
  }
  start.release();
  pthread_detach(thread);
}

}  // namespace multiprocess::detail::os
