// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_queue.hpp>

#include <multiprocess/detail/word.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr int nothing_waits = std::numeric_limits<int>::min();

}  // namespace

ThreadQueue::ThreadQueue() noexcept : urgent_(nothing_waits) {}

/// Changes what threads look at, and lets all of them look.
template <class Change>
void ThreadQueue::change(Change change) {
  {
    const std::scoped_lock lock(mutex_);
    change();
    version_.fetch_add(1, std::memory_order_release);
  }
  changed_.notify_all();
}

void ThreadQueue::add_thread() {
  const std::scoped_lock lock(mutex_);
  ++threads_;
}

void ThreadQueue::remove_thread() noexcept {
  const std::scoped_lock lock(mutex_);
  --threads_;
}

ThreadQueue::Put ThreadQueue::put(const std::shared_ptr<ThreadOrder>& order) {
  const std::scoped_lock lock(mutex_);
  if (state() == State::terminate) {
    return Put::terminated;
  }
  if (threads_ == 0) {
    in_hand_.push_back(order);
    return Put::no_threads;
  }
  lanes_[order->terms().priority].push_back(order);
  note_urgent();
  version_.fetch_add(1, std::memory_order_release);
  if (spinning_ == 0) {
    changed_.notify_one();
  }
  return Put::queued;
}

void ThreadQueue::note_urgent() noexcept {
  const auto first = std::find_if(lanes_.begin(), lanes_.end(),
                                  [](const auto& lane) { return !lane.second.empty(); });
  urgent_.store(first == lanes_.end() ? nothing_waits : first->first, std::memory_order_relaxed);
}

bool ThreadQueue::has_work() const noexcept {
  return urgent_.load(std::memory_order_relaxed) != nothing_waits;
}

std::optional<ThreadQueue::Work> ThreadQueue::find() {
  constexpr std::size_t many = 16;
  std::optional<Work> work;
  for (auto at = lanes_.begin(); at != lanes_.end() && !work;) {
    Lane& lane = at->second;
    while (!lane.empty() && !work) {
      const std::shared_ptr<ThreadOrder> order = lane.front();
      if (const auto chunk = order->claim()) {
        work = Work{order, *chunk};
      }
      if (order->exhausted()) {
        lane.pop_front();
      }
    }
    at = lane.empty() && lanes_.size() > many ? lanes_.erase(at) : std::next(at);
  }
  note_urgent();
  return work;
}

bool ThreadQueue::is_over() const noexcept {
  return state() == State::terminate || (state() == State::close && (sources_ == 0 || hurried_));
}

std::optional<ThreadQueue::Work> ThreadQueue::next(std::optional<Work> done) {
  std::unique_lock lock(mutex_);
  if (done) {
    forget(*done->order);
  }
  while (true) {
    if (std::optional<Work> work = find()) {
      in_hand_.push_back(work->order);
      if (has_work() && spinning_ == 0) {
        changed_.notify_one();  // whoever puts work here wakes one thread; that wakes the next
      }
      return work;
    }
    if (is_over()) {
      --threads_;
      return std::nullopt;
    }
    if (done) {
      lock.unlock();
      done.reset();  // it is the last reference perhaps
      lock.lock();
    } else {
      sleep(lock);
    }
  }
}

void ThreadQueue::sleep(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t seen = version_.load(std::memory_order_relaxed);
  const auto has_changed = [&] { return version_.load(std::memory_order_acquire) != seen; };
  ++spinning_;
  lock.unlock();
  for (Spin spin; !has_changed() && spin.again();) {
  }
  lock.lock();
  --spinning_;
  changed_.wait(lock, has_changed);
}

void ThreadQueue::take(const std::shared_ptr<ThreadOrder>& order) {
  const std::scoped_lock lock(mutex_);
  in_hand_.push_back(order);
}

/// The caller has a reference too.
void ThreadQueue::drop(const ThreadOrder& order) noexcept {
  const std::scoped_lock lock(mutex_);
  forget(order);
}

void ThreadQueue::forget(const ThreadOrder& order) noexcept {
  const auto found = std::find_if(in_hand_.begin(), in_hand_.end(),
                                  [&](const auto& each) { return each.get() == &order; });
  found->swap(in_hand_.back());
  in_hand_.pop_back();
}

void ThreadQueue::add_source() {
  const std::scoped_lock lock(mutex_);
  ++sources_;
}

void ThreadQueue::remove_source() noexcept {
  change([this] { --sources_; });
}

void ThreadQueue::close() noexcept {
  change([this] {
    State expected = State::run;
    state_.compare_exchange_strong(expected, State::close);
  });
}

void ThreadQueue::hurry() noexcept {
  change([this] { hurried_ = true; });
}

ThreadQueue::Orders ThreadQueue::terminate() {
  Orders live;
  change([&] {
    state_.store(State::terminate, std::memory_order_release);
    live = in_hand_;
    for (const auto& [priority, lane] : lanes_) {
      live.insert(live.end(), lane.begin(), lane.end());
    }
    lanes_.clear();
    note_urgent();
  });
  return live;
}

}  // namespace multiprocess::detail
