// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/work_threads.hpp>

#include <multiprocess/detail/warden.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr std::chrono::seconds idle_time{10};
constexpr std::chrono::milliseconds last_moment{200};

}  // namespace

struct WorkThreads::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> work;
  std::size_t idle = 0;
  std::size_t running = 0;
  bool closed = false;

  bool has_news() const { return closed || !work.empty(); }

  static void live(const std::shared_ptr<State>& state) {
    std::unique_lock lock(state->mutex);
    while (state->wait_for_work(lock)) {
      std::function<void()> next = std::move(state->work.front());
      state->work.pop_front();
      lock.unlock();
      next();
      next = nullptr;  // what it held may bring more work
      lock.lock();
    }
    --state->running;
    state->changed.notify_all();
  }

  static void run(const std::shared_ptr<State>& state, std::function<void()> work) {
    const std::scoped_lock lock(state->mutex);
    if (state->work.size() >= state->idle) {
      std::thread([state] { live(state); }).detach();
      ++state->running;
    }
    state->work.push_back(std::move(work));
    state->changed.notify_one();
  }

  /// False when the thread is to end.
  bool wait_for_work(std::unique_lock<std::mutex>& lock) {
    const LibraryThread ours;  // with work it is the user's
    ++idle;
    changed.wait_for(lock, idle_time, [this] { return has_news(); });
    --idle;
    return !work.empty();
  }
};

WorkThreads::WorkThreads() : state_(std::make_shared<State>()) {}

WorkThreads::~WorkThreads() {
  std::unique_lock lock(state_->mutex);
  state_->closed = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, last_moment, [this] { return state_->running == 0; });
}

void WorkThreads::run(std::function<void()> work) {
  State::run(state_, std::move(work));
}

WorkThreads::Discard WorkThreads::discarder() const {
  return [state = state_](std::shared_ptr<void> object) {
    try {
      State::run(state, [object = std::move(object)]() mutable { object.reset(); });
    } catch (...) {  // no thread for it: then it ends here
    }
  };
}

}  // namespace multiprocess::detail
