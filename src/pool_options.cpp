// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool_options.hpp>

#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/show.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>

namespace multiprocess {

namespace {

/// One line, drawn again and again, which ends when all is done, or with the last call that has it.
class Bar {
 public:
  Bar() = default;
  ~Bar() {
    if (begun_) {
      show("\n");
    }
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  void draw(std::size_t done, std::optional<std::size_t> total) {
    const bool over = done == total;
    begun_ = !over;
    show(line(done, total) + (over ? "\n" : ""));
  }

 private:
  static constexpr std::size_t width = 40;

  static std::string line(std::size_t done, std::optional<std::size_t> total) {
    if (!total) {
      return fmt::format("\r{} done", done);
    }
    const std::size_t full = *total == 0 ? width : done * width / *total;
    return fmt::format("\r[{:#<{}}{:.<{}}] {}/{}", "", full, "", width - full, done, *total);
  }
  static void show(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }

  std::atomic<bool> begun_ = false;
};

}  // namespace

Progress Progress::bar() {
  if (!detail::os::is_terminal(detail::os::standard_error())) {
    return {[](std::size_t, std::optional<std::size_t>) {}};
  }
  return {[bar = std::make_shared<Bar>()](std::size_t done, std::optional<std::size_t> total) {
    bar->draw(done, total);
  }};
}

std::uint64_t task_seed() noexcept {
  return detail::current_task_seed();
}

std::string mp_repr(const PoolOptions& options) {
  const PoolOptions usual;
  return detail::Attributes("PoolOptions")
      .add_set("processes", options.processes, usual.processes)
      .add_set("maxtasksperchild", options.maxtasksperchild, usual.maxtasksperchild)
      .add_set("start_method", options.start_method, usual.start_method)
      .add_set("max_memory_per_child", options.max_memory_per_child, usual.max_memory_per_child)
      .add_set("affinity", options.affinity, usual.affinity)
      .add_set("trace_file", options.trace_file, usual.trace_file)
      .add_set("seed", options.seed, usual.seed)
      .add_set("label_output", options.label_output, usual.label_output)
      .add_set("inline_tasks", options.inline_tasks, usual.inline_tasks)
      .add_present("on_callback_error", options.on_callback_error != nullptr)
      .text();
}

std::string mp_repr(const MapOptions& options) {
  const MapOptions usual;
  return detail::Attributes("MapOptions")
      .add_set("chunksize", options.chunksize, usual.chunksize)
      .add_set("task_timeout", options.task_timeout, usual.task_timeout)
      .add_set("grace", options.grace, usual.grace)
      .add_set("retries", options.retries, usual.retries)
      .add_set("buffersize", options.buffersize, usual.buffersize)
      .add_present("progress", options.progress.has_value())
      .text();
}

std::string mp_repr(const TaskOptions& options) {
  const TaskOptions usual;
  return detail::Attributes("TaskOptions")
      .add_set("task_timeout", options.task_timeout, usual.task_timeout)
      .add_set("grace", options.grace, usual.grace)
      .add_set("retries", options.retries, usual.retries)
      .add_set("priority", options.priority, usual.priority)
      .text();
}

std::string mp_repr(const SlowestTask& task) {
  return detail::Attributes("SlowestTask")
      .add("duration", Timeout(task.duration))
      .add("call", task.call)
      .add("item", task.item)
      .text();
}

std::string mp_repr(const WorkerStats& worker) {
  return detail::Attributes("WorkerStats")
      .add("pid", worker.pid)
      .add("busy", Timeout(worker.busy))
      .add("idle", Timeout(worker.idle))
      .text();
}

std::string mp_repr(const PoolStats& stats) {
  return fmt::format(
      "PoolStats(submitted={}, completed={}, failed={}, cancelled={}, retried={}, timed_out={}, "
      "workers_started={}, workers_died={}, workers_retired={})",
      stats.submitted, stats.completed, stats.failed, stats.cancelled, stats.retried,
      stats.timed_out, stats.workers_started, stats.workers_died, stats.workers_retired);
}

}  // namespace multiprocess
