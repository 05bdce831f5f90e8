// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <windows.h>

#include <atomic>
#include <thread>
#include <utility>

namespace multiprocess::test {

/// Runs `body` in a thread that is called away from every wait which allows it: calls are queued
/// for it all the time.
template <class F>
void run_disturbed(F body) {
  static std::atomic<bool> queued;
  static std::atomic<bool> done;
  done = false;
  std::thread disturbed([&] {
    body();
    done = true;
    SleepEx(0, TRUE);  // what is queued still
  });
  const auto thread = reinterpret_cast<HANDLE>(pthread_gethandle(disturbed.native_handle()));
  while (!done) {
    if (!queued.exchange(true)) {
      QueueUserAPC([](ULONG_PTR) { queued = false; }, thread, 0);
    }
    std::this_thread::yield();
  }
  disturbed.join();
  queued = false;
}

}  // namespace multiprocess::test
