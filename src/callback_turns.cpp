// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/callback_turns.hpp>

#include <new>
#include <utility>

namespace multiprocess::detail {

CallbackTurns::Series::Series(CallbackTurns& turns) : turns_(turns) {
  turns_.series_.lock();
  turns_.collector_.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

CallbackTurns::Series::~Series() {
  turns_.collector_.store(std::thread::id(), std::memory_order_relaxed);
  turns_.series_.unlock();
  turns_.make_due();
}

void CallbackTurns::take(const std::shared_ptr<CallbackOwner>& owner) noexcept {
  try {
    const std::scoped_lock lock(mutex_);
    due_.push_back(owner);
    is_due_.store(true, std::memory_order_release);
  } catch (const std::bad_alloc&) {
    return owner->make_calls();  // out of turn, but made
  }
  if (collector_.load(std::memory_order_relaxed) != std::this_thread::get_id()) {
    make_due();
  }
}

void CallbackTurns::wait_until_made() noexcept {
  if (is_maker()) {
    return go_on();
  }
  std::unique_lock lock(mutex_);
  awaited_.store(true, std::memory_order_seq_cst);
  made_.wait(lock, [this] { return all_made(); });
}

/// Under the lock.
bool CallbackTurns::all_made() const noexcept {
  return coming_.load(std::memory_order_seq_cst) == 0 && due_.empty() &&
         maker_.load(std::memory_order_relaxed) == std::thread::id();
}

void CallbackTurns::tell_awaiting() noexcept {
  if (awaited_.load(std::memory_order_seq_cst)) {
    const std::scoped_lock lock(mutex_);
    made_.notify_all();
  }
}

void CallbackTurns::make_due() noexcept {
  const bool nested = is_maker();  // a callback's own doing, that may wait for it
  if (begin()) {
    while (const auto due = next(nested)) {
      due->make_calls();
    }
  }
}

void CallbackTurns::go_on() noexcept {
  while (is_due_here()) {
    if (const auto due = next(true)) {
      due->make_calls();
    }
  }
}

/// False when another thread is to make them, and when there are none.
bool CallbackTurns::begin() noexcept {
  const std::scoped_lock lock(mutex_);
  if (maker_.load(std::memory_order_relaxed) == std::thread::id() && !due_.empty()) {
    maker_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  return is_maker();
}

/// Null when there are no more; then this thread is not their maker any more unless it is `nested`.
std::shared_ptr<CallbackOwner> CallbackTurns::next(bool nested) noexcept {
  const std::scoped_lock lock(mutex_);
  if (due_.empty()) {
    if (!nested) {
      maker_.store(std::thread::id(), std::memory_order_relaxed);
      made_.notify_all();
    }
    return nullptr;
  }
  std::shared_ptr<CallbackOwner> first = std::move(due_.front());
  due_.pop_front();
  is_due_.store(!due_.empty(), std::memory_order_release);
  return first;
}

}  // namespace multiprocess::detail
