// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "overlapped.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::detail::os {

/// Which of the objects it was that a wait has ended with; 0 also for none.
inline std::size_t index_of(DWORD result) noexcept {
  if (result < WAIT_OBJECT_0 + MAXIMUM_WAIT_OBJECTS) {
    return result - WAIT_OBJECT_0;
  }
  return result >= WAIT_ABANDONED_0 && result < WAIT_ABANDONED_0 + MAXIMUM_WAIT_OBJECTS
             ? result - WAIT_ABANDONED_0
             : 0;
}

/// Waits for one of more objects than the system takes at once: a thread for each handful.
class Crowd {
 public:
  explicit Crowd(std::vector<HANDLE> objects)
      : objects_(std::move(objects)), is_set_(objects_.size()) {
    constexpr std::size_t handful = MAXIMUM_WAIT_OBJECTS - 1;
    for (std::size_t begin = 0; begin < objects_.size(); begin += handful) {
      threads_.emplace_back(&Crowd::wait, this, begin, std::min(begin + handful, objects_.size()));
    }
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() { stop(); }

  HANDLE woken() const noexcept { return native(woken_.get()); }
  void stop() noexcept {
    SetEvent(native(stop_.get()));
    threads_.clear();
  }
  /// Once it is stopped.
  bool is_set(std::size_t index) const noexcept { return is_set_[index] != 0; }

 private:
  void wait(std::size_t begin, std::size_t end) noexcept {
    std::array<HANDLE, MAXIMUM_WAIT_OBJECTS> some{native(stop_.get())};
    std::copy(objects_.begin() + static_cast<std::ptrdiff_t>(begin),
              objects_.begin() + static_cast<std::ptrdiff_t>(end), some.begin() + 1);
    const auto index = index_of(
        WaitForMultipleObjects(static_cast<DWORD>(end - begin + 1), some.data(), FALSE, INFINITE));
    if (index != 0) {
      is_set_[begin + index - 1] = 1;
      SetEvent(woken());
    }
  }

  std::vector<HANDLE> objects_;
  std::vector<char> is_set_;
  Handle woken_ = make_event();
  Handle stop_ = make_event();
  std::vector<std::jthread> threads_;
};

}  // namespace multiprocess::detail::os
