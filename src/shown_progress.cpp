// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/shown_progress.hpp>

namespace multiprocess::detail {

namespace {

thread_local int calls_here = 0;

}  // namespace

bool ShownProgress::is_within() noexcept {
  return calls_here != 0;
}

void ShownProgress::tell(std::size_t done, std::size_t of, Other other) noexcept {
  if (teller_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    return;
  }
  std::unique_lock lock(mutex_, std::defer_lock);
  if (other == Other::wait) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return;
  }
  if (done == of) {
    over_ = true;  // though nobody may have taken the results yet
  }
  teller_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  if (!over_) {
    call(done, of);
  }
  if (over_ && !ended_) {
    call(of, of);
    ended_ = true;
  }
  teller_.store(std::thread::id(), std::memory_order_relaxed);
}

void ShownProgress::call(std::size_t done, std::size_t of) noexcept {
  ++calls_here;
  try {
    if (call_) {
      call_(done, of);
    }
  } catch (...) {
    report_(std::current_exception());
  }
  --calls_here;
}

}  // namespace multiprocess::detail
