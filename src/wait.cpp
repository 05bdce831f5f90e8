// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/wait.hpp>

#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/word.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <system_error>

namespace multiprocess {

namespace os = detail::os;

namespace {

using Objects = std::span<const Waitable>;

// To look at more of them takes longer than to be woken.
constexpr std::size_t most_spun_over = 16;
// Somebody may be killed between his message and the ring that goes with it.
constexpr std::chrono::milliseconds slice{100};

/// All pipes among them are watched while it exists.
class WatchAll {
 public:
  explicit WatchAll(Objects objects) : objects_(objects) {
    for (const Waitable& each : objects_) {
      if (each.transport() != nullptr) {
        each.transport()->begin_watch();
      }
    }
  }
  ~WatchAll() {
    for (const Waitable& each : objects_) {
      if (each.transport() != nullptr) {
        each.transport()->end_watch();
      }
    }
  }
  WatchAll(const WatchAll&) = delete;
  WatchAll& operator=(const WatchAll&) = delete;

 private:
  Objects objects_;
};

bool has_message(const Waitable& object) {
  return object.transport() != nullptr && object.transport()->has_message();
}

bool any_has_message(Objects objects) {
  return std::any_of(objects.begin(), objects.end(), has_message);
}

void spin_over(Objects objects, os::Deadline deadline) {
  const bool worth_it = deadline != os::at_once && objects.size() <= most_spun_over &&
                        std::any_of(objects.begin(), objects.end(), [](const Waitable& each) {
                          return each.transport() != nullptr;
                        });
  for (detail::Spin spin; worth_it && !any_has_message(objects) && spin.again();) {
  }
}

/// Whether a handle that is readable means something.
bool is_ready(const Waitable& object) {
  if (object.transport() != nullptr) {
    return object.transport()->wait_ready(os::at_once);
  }
  os::require_open(object.native_handle());
  return true;
}

std::vector<std::size_t> poll_all(Objects objects, std::span<const os::NativeHandle> handles,
                                  os::Deadline deadline) {
  std::vector<std::size_t> ready = os::wait_any(handles, deadline);
  std::erase_if(ready, [objects](std::size_t i) { return !is_ready(objects[i]); });
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (has_message(objects[i])) {
      ready.push_back(i);
    }
  }
  std::sort(ready.begin(), ready.end());
  ready.erase(std::unique(ready.begin(), ready.end()), ready.end());
  return ready;
}

os::Deadline look_again(os::Deadline deadline, bool has_pipes) {
  return has_pipes ? std::min(deadline, std::chrono::steady_clock::now() + slice) : deadline;
}

}  // namespace

Waitable::Waitable(const Connection& connection)
    : handle_(connection.open_for_reading().handle()), transport_(connection.transport_) {
  if (!transport_->is_pipe()) {
    transport_ = nullptr;
  }
}

Waitable::Waitable(int handle) : handle_(handle) {
  if (handle < 0) {
    throw ValueError("a negative number is no descriptor");
  }
}

std::vector<std::size_t> detail::wait_for(Objects objects, Timeout timeout) {
  const os::Deadline deadline = timeout.deadline();
  std::vector<os::NativeHandle> handles;
  bool has_pipes = false;
  for (const Waitable& each : objects) {
    handles.push_back(each.native_handle());
    has_pipes = has_pipes || each.transport() != nullptr;
  }
  spin_over(objects, deadline);
  if (any_has_message(objects)) {
    return poll_all(objects, handles, os::at_once);
  }
  const WatchAll watch(objects);
  while (true) {
    const bool some = any_has_message(objects);
    const os::Deadline until = some ? os::at_once : look_again(deadline, has_pipes);
    std::vector<std::size_t> ready = poll_all(objects, handles, until);
    if (!ready.empty() || deadline <= std::chrono::steady_clock::now()) {
      return ready;
    }
    check_everybody();
  }
}

}  // namespace multiprocess
