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
      const std::function<void()> next = std::move(state->work.front());
      state->work.pop_front();
      lock.unlock();
      next();
      lock.lock();
    }
    --state->running;
    state->changed.notify_all();
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
  const std::scoped_lock lock(state_->mutex);
  if (state_->work.size() >= state_->idle) {
    std::thread([state = state_] { State::live(state); }).detach();
    ++state_->running;
  }
  state_->work.push_back(std::move(work));
  state_->changed.notify_one();
}

}  // namespace multiprocess::detail
