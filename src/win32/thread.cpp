// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/thread.hpp>

#include <pthread.h>

#include <memory>

// By a key of the threads' library. What the language offers comes too late with mingw-w64: when
// the system takes the thread down, with a lock held and the library's part of the thread gone.

namespace multiprocess::detail::os {

namespace {

struct Call {
  void (*call)(void*);
  void* argument;
  Call* before;
};

void make_calls(void* last) {
  std::unique_ptr<Call> next(static_cast<Call*>(last));
  while (next != nullptr) {
    next->call(next->argument);
    next.reset(next->before);
  }
}

pthread_key_t calls() {
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, &make_calls);
    return made;
  }();
  return key;
}

}  // namespace

void at_thread_end(void (*call)(void*), void* argument) {
  auto* const before = static_cast<Call*>(pthread_getspecific(calls()));
  pthread_setspecific(calls(), new Call{call, argument, before});
}

}  // namespace multiprocess::detail::os
