// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/wait.hpp>

#include <multiprocess/detail/bell.hpp>
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

bool is_pipe(const Waitable& object) {
  return object.transport() != nullptr;
}

bool has_message(const Waitable& object) {
  return is_pipe(object) && object.transport()->has_message();
}

bool any_has_message(Objects objects) {
  return std::any_of(objects.begin(), objects.end(), has_message);
}

void spin_over(Objects objects, os::Deadline deadline) {
  const bool worth_it = deadline != os::at_once && objects.size() <= most_spun_over &&
                        std::any_of(objects.begin(), objects.end(), is_pipe);
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

/// The handles of the objects, each once: the system takes no more than a process may have open.
class Handles {
 public:
  explicit Handles(Objects objects) : all_(objects.size()), place_(objects.size()) {
    std::transform(objects.begin(), objects.end(), all_.begin(),
                   [](const Waitable& each) { return each.native_handle(); });
    std::sort(all_.begin(), all_.end());
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    std::transform(objects.begin(), objects.end(), place_.begin(), [this](const Waitable& each) {
      const auto found = std::lower_bound(all_.begin(), all_.end(), each.native_handle());
      return static_cast<std::size_t>(found - all_.begin());
    });
  }

  void poll(os::Deadline deadline) {
    readable_.assign(all_.size(), false);
    for (const std::size_t i : os::wait_any(all_, deadline)) {
      readable_[i] = true;
    }
  }
  bool is_readable(std::size_t object) const { return readable_[place_[object]]; }

 private:
  std::vector<os::NativeHandle> all_;
  std::vector<std::size_t> place_;  // for each object
  std::vector<bool> readable_;
};

std::vector<std::size_t> poll_all(Objects objects, Handles& handles, os::Deadline deadline) {
  handles.poll(deadline);
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (handles.is_readable(i) ? is_ready(objects[i]) : has_message(objects[i])) {
      ready.push_back(i);
    }
  }
  return ready;
}

os::Deadline look_again(os::Deadline deadline, bool has_pipes) {
  return has_pipes ? std::min(deadline, detail::Bell::look_again()) : deadline;
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
  Handles handles(objects);
  const bool has_pipes = std::any_of(objects.begin(), objects.end(), is_pipe);
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
