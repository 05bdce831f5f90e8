// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/loop_work.hpp>

#include <algorithm>
#include <chrono>

namespace multiprocess::detail {

void run_guarded(const LoopWork& work) noexcept {
  try {
    work();
  } catch (...) {
  }
}

Timers::Timer Timers::add(os::Deadline time, LoopWork then) {
  const Timer timer{time, ++made_};
  timers_.emplace(timer, std::move(then));
  return timer;
}

void Timers::run_due() {
  if (timers_.empty()) {
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  while (next() <= now) {
    const LoopWork then = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    run_guarded(then);
  }
}

void PostBox::add(LoopWork work) {
  const std::scoped_lock lock(mutex_);
  if (!closed_) {
    work_.push_back(std::move(work));
    any_.store(true, std::memory_order_seq_cst);
    ring_();
  }
}

void PostBox::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
}

void PostBox::run_all() {
  if (!has_any()) {
    return;
  }
  std::vector<LoopWork> work;
  {
    const std::scoped_lock lock(mutex_);
    work.swap(work_);
    any_.store(false, std::memory_order_relaxed);
  }
  std::for_each(work.begin(), work.end(), &run_guarded);
}

}  // namespace multiprocess::detail
