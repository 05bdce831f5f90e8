// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/brief_spin.hpp>

#include <atomic>

namespace multiprocess::detail {

namespace {

constexpr std::chrono::microseconds too_long{200};
constexpr int waits_left_out = 500;

constinit std::atomic<int> left_out{0};

}  // namespace

bool may_spin() noexcept {
  const int left = left_out.load(std::memory_order_relaxed);
  if (left > 0) {
    left_out.store(left - 1, std::memory_order_relaxed);
  }
  return left <= 0;
}

void note_spin(std::chrono::steady_clock::duration took) noexcept {
  if (took > too_long) {
    left_out.store(waits_left_out, std::memory_order_relaxed);
  }
}

}  // namespace multiprocess::detail
