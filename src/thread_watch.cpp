// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_watch.hpp>

#include <multiprocess/detail/thread_order.hpp>

#include <algorithm>
#include <chrono>

namespace multiprocess::detail {

ThreadWatch::~ThreadWatch() {
  if (thread_.joinable()) {
    thread_.detach();  // it is the one that destroys us
  }
}

void ThreadWatch::start(const std::function<void()>& enter) {
  const std::scoped_lock lock(mutex_);
  if (!ended_ && !thread_.joinable()) {
    thread_ = std::thread([this, enter] {
      enter();
      serve();
    });
  }
}

void ThreadWatch::end_soon() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

void ThreadWatch::finish() noexcept {
  end_soon();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ThreadWatch::begin(TimedTask& task) {
  const std::scoped_lock lock(mutex_);
  tasks_.push_back(&task);
  if (task.due < next_look_) {
    next_look_ = task.due;
    changed_.notify_one();
  }
}

bool ThreadWatch::end(TimedTask& task) noexcept {
  const std::scoped_lock lock(mutex_);
  std::erase(tasks_, &task);
  return !task.late;
}

void ThreadWatch::stop(const ThreadOrder& order) {
  std::vector<std::stop_source> sources;
  {
    const std::scoped_lock lock(mutex_);
    for (const TimedTask* const task : tasks_) {
      if (task->order.get() == &order) {
        sources.push_back(task->stop);
      }
    }
  }
  for (std::stop_source& source : sources) {
    source.request_stop();
  }
}

std::vector<TimedTask> ThreadWatch::take_late(os::Deadline now) {
  std::vector<TimedTask> late;
  next_look_ = os::never;
  for (TimedTask* const task : tasks_) {
    if (task->due <= now) {
      task->late = true;
      late.push_back(*task);
    } else {
      next_look_ = std::min(next_look_, task->due);
    }
  }
  std::erase_if(tasks_, [](const TimedTask* task) { return task->late; });
  return late;
}

void ThreadWatch::serve() noexcept {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    std::vector<TimedTask> late = take_late(std::chrono::steady_clock::now());
    if (!late.empty()) {
      lock.unlock();
      for (TimedTask& task : late) {
        task.order->lose(task.order, task.item, task.end);
        task.stop.request_stop();
      }
      late.clear();
      lock.lock();
    } else if (next_look_ == os::never) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, next_look_);
    }
  }
}

}  // namespace multiprocess::detail
