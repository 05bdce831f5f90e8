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
  std::unique_lock lock(mutex_);
  std::erase(tasks_, &task);
  given_up_.wait(lock, [&] { return !task.late || task.given_up; });
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

std::vector<TimedTask*> ThreadWatch::take_late(os::Deadline now) {
  std::vector<TimedTask*> late;
  next_look_ = os::never;
  for (TimedTask* const task : tasks_) {
    if (task->due <= now) {
      task->late = true;
      late.push_back(task);
    } else {
      next_look_ = std::min(next_look_, task->due);
    }
  }
  std::erase_if(tasks_, [](const TimedTask* task) { return task->late; });
  return late;
}

/// Its thread does not leave it before that.
void ThreadWatch::give_up(std::unique_lock<std::mutex>& lock, TimedTask& task) {
  std::stop_source stop = task.stop;
  lock.unlock();
  task.order->lose(task.order, task.item, task.end);
  stop.request_stop();
  lock.lock();
  task.given_up = true;
  given_up_.notify_all();
}

void ThreadWatch::serve() noexcept {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    const std::vector<TimedTask*> late = take_late(std::chrono::steady_clock::now());
    for (TimedTask* const task : late) {
      give_up(lock, *task);
    }
    if (late.empty() && next_look_ == os::never) {
      changed_.wait(lock);
    } else if (late.empty()) {
      changed_.wait_until(lock, next_look_);
    }
  }
}

}  // namespace multiprocess::detail
