// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/poll.hpp>

#include "readiness.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace multiprocess::detail::os {

std::vector<std::size_t> wait_any(std::span<const NativeHandle> handles, Deadline deadline) {
  std::vector<std::size_t> ready;
  do {
    Readiness all;
    for (std::size_t i = 0; i < handles.size(); ++i) {
      if (handles[i] != no_handle) {
        all.watch(handles[i], Poller::Interest::read, i);
      }
    }
    for (const Readiness::Found& found : all.wait(deadline)) {
      ready.push_back(found.key);
    }
  } while (ready.empty() && (deadline == never || deadline > std::chrono::steady_clock::now()));
  std::sort(ready.begin(), ready.end());
  ready.erase(std::unique(ready.begin(), ready.end()), ready.end());
  return ready;
}

void start_quiet_thread(void (*body)(void*), void* context) {
  std::thread(body, context).detach();
}

}  // namespace multiprocess::detail::os
