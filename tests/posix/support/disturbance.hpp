// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <thread>

namespace multiprocess::test {

inline constexpr bool can_disturb = true;

/// While it lives, SIGUSR1 is counted and restarts no call.
class CountedSignals {
 public:
  CountedSignals() {
    seen_ = 0;
    struct sigaction count {};
    count.sa_handler = [](int) { ++seen_; };  // without SA_RESTART
    sigaction(SIGUSR1, &count, &before_);
  }
  ~CountedSignals() { sigaction(SIGUSR1, &before_, nullptr); }
  CountedSignals(const CountedSignals&) = delete;
  CountedSignals& operator=(const CountedSignals&) = delete;

  static int seen() noexcept { return seen_; }
  static void send_to(std::thread& thread) {
    pthread_kill(thread.native_handle(), SIGUSR1);
    std::this_thread::yield();
  }

 private:
  inline static std::atomic<int> seen_;
  struct sigaction before_ {};
};

/// Runs `body` in a thread to which signals come all the time; again until some have come.
template <class F>
void run_disturbed(F body) {
  const CountedSignals signals;
  std::atomic<bool> done = false;
  std::thread disturbed([&] {
    do {
      body();
    } while (signals.seen() <= 30);
    done = true;
  });
  while (!done) {
    signals.send_to(disturbed);
  }
  disturbed.join();
}

}  // namespace multiprocess::test
