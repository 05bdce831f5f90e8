// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <thread>

namespace multiprocess::test {

inline constexpr bool can_disturb = true;

/// Runs `body` in a thread to which signals come all the time, none of which restarts a call; again
/// until some have come.
template <class F>
void run_disturbed(F body) {
  static std::atomic<int> signals;
  signals = 0;
  struct sigaction before {};
  struct sigaction count {};
  count.sa_handler = [](int) { ++signals; };  // without SA_RESTART
  sigaction(SIGUSR1, &count, &before);
  std::atomic<bool> done = false;
  std::thread disturbed([&] {
    do {
      body();
    } while (signals < 30);
    done = true;
  });
  while (!done) {
    pthread_kill(disturbed.native_handle(), SIGUSR1);
    std::this_thread::yield();
  }
  disturbed.join();
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace multiprocess::test
