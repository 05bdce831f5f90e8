// SPDX-License-Identifier: BSD-3-Clause
#include "thread_pool.hpp"

#include <algorithm>
#include <latch>
#include <utility>

namespace bench {

ThreadPool::ThreadPool(int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void ThreadPool::submit(std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    work_.push_back(std::move(work));
  }
  changed_.notify_one();
}

std::vector<int> ThreadPool::map(int (*f)(int), const std::vector<int>& items, std::size_t chunk) {
  const std::size_t share = items.size() / (4 * threads_.size()) + 1;
  const std::size_t step = chunk == 0 ? share : chunk;
  std::vector<int> results(items.size());
  std::latch done(static_cast<std::ptrdiff_t>((items.size() + step - 1) / step));
  for (std::size_t first = 0; first < items.size(); first += step) {
    submit([&, first] {
      const std::size_t last = std::min(first + step, items.size());
      for (std::size_t i = first; i < last; ++i) {
        results[i] = f(items[i]);
      }
      done.count_down();
    });
  }
  done.wait();
  return results;
}

void ThreadPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || !work_.empty(); });
    if (work_.empty()) {
      return;
    }
    const std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace bench
