// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/thread_pool.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <cstdint>

namespace multiprocess {

namespace {

/// Where Python's pools end as the program exits.
constexpr int exit_priority = 15;

detail::ThreadPlan make_plan(PoolOptions options, std::function<void()> initializer) {
  detail::ThreadPlan plan;
  plan.count = static_cast<std::uint32_t>(detail::worker_count(
      options.processes ? *options.processes : detail::os::usable_cpu_count()));
  plan.cpus = std::move(options.affinity);
  plan.seed = options.seed;
  plan.trace_file = std::move(options.trace_file);
  plan.inline_tasks = options.inline_tasks;
  plan.on_callback_error = std::move(options.on_callback_error);
  plan.initializer = std::move(initializer);
  return plan;
}

}  // namespace

ThreadPool::ThreadPool() : ThreadPool(PoolOptions{}, Initializer()) {}

ThreadPool::ThreadPool(PoolOptions options, std::function<void()> initializer)
    : engine_(detail::ThreadEngine::start(make_plan(std::move(options), std::move(initializer)))) {
  const std::weak_ptr<detail::ThreadEngine> weak = engine_;
  exit_call_ = at_exit(
      [weak] {
        if (const auto engine = weak.lock()) {
          engine->terminate();
        }
      },
      exit_priority);
}

ThreadPool::ThreadPool(ThreadPool&&) noexcept = default;

ThreadPool& ThreadPool::operator=(ThreadPool&& other) noexcept {
  if (this != &other) {
    end();
    engine_ = std::move(other.engine_);
    exit_call_ = other.exit_call_;
  }
  return *this;
}

ThreadPool::~ThreadPool() {
  end();
}

void ThreadPool::end() noexcept {
  if (engine_ != nullptr) {
    exit_call_.cancel();
    engine_->terminate();
  }
}

detail::ThreadEngine& ThreadPool::engine() const {
  if (engine_ == nullptr) {
    throw ValueError("this pool was moved from");
  }
  return *engine_;
}

void ThreadPool::close() {
  engine().close();
}

void ThreadPool::terminate() {
  engine().terminate();
}

void ThreadPool::join() {
  engine().join();
}

std::size_t ThreadPool::worker_count() const {
  return engine().size();
}

void ThreadPool::require_running() const {
  engine().require_running();
}

PoolStats ThreadPool::stats() const {
  return engine().stats();
}

std::string ThreadPool::repr() const {
  if (engine_ == nullptr) {
    return "<multiprocess.ThreadPool moved>";
  }
  const char* const states[] = {"RUN", "CLOSE", "TERMINATE"};
  return fmt::format("<multiprocess.pool.ThreadPool state={} pool_size={}>",
                     states[static_cast<int>(engine_->state())], engine_->size());
}

}  // namespace multiprocess
