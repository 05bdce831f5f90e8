// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/pool_nesting.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess {

namespace {

/// Where Python's pools end as the program exits: before the daemons are.
constexpr int exit_priority = 15;

/// Of a pool in a pool, the worker's share of the machine.
int default_workers() {
  const auto siblings = static_cast<int>(detail::pool_nesting().siblings);
  return std::max(1, detail::os::usable_cpu_count() / siblings);
}

/// A thread of its own tries them.
void require_cpus(const std::vector<int>& cpus) {
  std::string why;
  if (!cpus.empty()) {
    std::thread([&] {
      const detail::LibraryThread ours;
      try {
        std::for_each(cpus.begin(), cpus.end(), &detail::os::run_on_cpu);
      } catch (const std::system_error& error) {
        why = error.what();
      }
    }).join();
  }
  if (!why.empty()) {
    throw ValueError("affinity: " + why);
  }
}

detail::PoolPlan make_plan(PoolOptions options, detail::Job initializer) {
  detail::PoolPlan plan;
  plan.workers.count = static_cast<std::uint32_t>(
      detail::worker_count(options.processes ? *options.processes : default_workers()));
  plan.workers.method = options.start_method ? *options.start_method : detail::fixed_start_method();
  plan.workers.cpus = std::move(options.affinity);
  require_cpus(plan.workers.cpus);
  plan.workers.label_output = options.label_output;
  if (initializer) {
    plan.workers.initializer = std::make_shared<detail::Job>(std::move(initializer));
  }
  if (options.maxtasksperchild) {
    if (*options.maxtasksperchild < 1) {
      throw ValueError("maxtasksperchild must be a positive int or None");
    }
    plan.chunks_per_worker = static_cast<std::uint64_t>(*options.maxtasksperchild);
  }
  plan.memory_per_worker = options.max_memory_per_child.value_or(0);
  plan.seed = options.seed;
  plan.trace_file = std::move(options.trace_file);
  plan.inline_tasks = options.inline_tasks;
  plan.on_callback_error = std::move(options.on_callback_error);
  return plan;
}

}  // namespace

Pool::Pool() : Pool(PoolOptions{}, detail::Job()) {}

Pool::Pool(PoolOptions options, detail::Job initializer)
    : engine_(detail::PoolEngine::start(make_plan(std::move(options), std::move(initializer)))) {
  const std::weak_ptr<detail::PoolEngine> weak = engine_;
  exit_call_ = at_exit(
      [weak] {
        if (const auto engine = weak.lock()) {
          engine->terminate();
        }
      },
      exit_priority);
}

Pool::Pool(Pool&&) noexcept = default;

Pool& Pool::operator=(Pool&& other) noexcept {
  Pool taken(std::move(other));
  engine_.swap(taken.engine_);
  std::swap(exit_call_, taken.exit_call_);
  return *this;
}

Pool::~Pool() {
  if (engine_ != nullptr) {
    exit_call_.cancel();
    engine_->terminate();
  }
}

detail::PoolEngine& Pool::engine() const {
  if (engine_ == nullptr) {
    throw ValueError("this pool was moved from");
  }
  return *engine_;
}

void Pool::close() {
  engine().close();
}

void Pool::terminate() {
  engine().terminate();
}

void Pool::join() {
  engine().join();
}

std::size_t Pool::worker_count() const {
  return engine().size();
}

void Pool::require_running() const {
  engine().require_running();
}

std::vector<int> Pool::pids() const {
  return engine().workers().pids();
}

PoolStats Pool::stats() const {
  return engine().stats();
}

std::string Pool::repr() const {
  if (engine_ == nullptr) {
    return "<multiprocess.Pool moved>";
  }
  const char* const states[] = {"RUN", "CLOSE", "TERMINATE"};
  return fmt::format("<multiprocess.pool.Pool state={} pool_size={}>",
                     states[static_cast<int>(engine_->state())], engine_->size());
}

namespace detail {

namespace {

std::chrono::nanoseconds limit_of(const std::optional<Timeout>& timeout) {
  if (!timeout || timeout->is_forever()) {
    return std::chrono::nanoseconds(0);
  }
  return std::max(timeout->duration(), std::chrono::nanoseconds(1));
}

/// Nobody waits longer than a year.
std::chrono::nanoseconds grace_of(const Timeout& grace) {
  return std::min<std::chrono::nanoseconds>(grace.duration(), std::chrono::hours(24 * 365));
}

void require_retries(int retries) {
  if (retries < 0) {
    throw ValueError("retries must not be negative");
  }
}

OrderTerms map_terms(const MapOptions& options) {
  require_retries(options.retries);
  OrderTerms terms;
  terms.time_limit = limit_of(options.task_timeout);
  terms.grace = grace_of(options.grace);
  terms.retries = options.retries;
  if (options.chunksize) {
    if (*options.chunksize < 1) {
      throw ValueError(fmt::format("Chunksize must be 1+, not {}", *options.chunksize));
    }
    terms.chunk = static_cast<std::uint64_t>(*options.chunksize);
  }
  return terms;
}

}  // namespace

int worker_count(std::ptrdiff_t processes) {
  if (processes < 1) {
    throw ValueError("Number of processes must be at least 1");
  }
  if (processes > most_workers) {
    throw ValueError(fmt::format("Number of processes must be at most {}", most_workers));
  }
  return static_cast<int>(processes);
}

OrderTerms terms(const TaskOptions& options) {
  require_retries(options.retries);
  OrderTerms terms;
  terms.items = 1;
  terms.time_limit = limit_of(options.task_timeout);
  terms.grace = grace_of(options.grace);
  terms.retries = options.retries;
  terms.priority = options.priority;
  return terms;
}

OrderTerms terms(const MapOptions& options, std::size_t items, std::size_t workers) {
  OrderTerms terms = map_terms(options);
  terms.items = items;
  if (!options.chunksize) {
    terms.chunk = (items + 4 * workers - 1) / (4 * workers);
  }
  return terms;
}

OrderTerms imap_terms(const MapOptions& options) {
  if (options.buffersize && *options.buffersize < 1) {
    throw ValueError(fmt::format("buffersize must be 1+, not {}", *options.buffersize));
  }
  return map_terms(options);
}

bool is_in_arena(const void* begin, std::size_t size) noexcept {
  const std::byte* const base = arena_base();
  const auto* const first = static_cast<const std::byte*>(begin);
  return std::greater_equal<>()(first, base) &&
         std::less_equal<>()(first + size, base + arena_header().size);
}

}  // namespace detail

}  // namespace multiprocess
