// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>
#include <multiprocess/start_method.hpp>
#include <multiprocess/timeout.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace multiprocess {

/// Who is told how far a call of a pool is: about ten times a second, and that all is done once,
/// before the result is there. Nobody is told of what was cancelled.
struct Progress {
  /// `total` is nothing while it is not known. Called by one thread at a time: the pool's own, at
  /// the end also one that waits for the result. It may use the pool, at the end also this result:
  /// in the middle it should not wait for that.
  std::function<void(std::size_t done, std::optional<std::size_t> total)> callback = {};

  /// A bar on standard error when that is a terminal; else nothing.
  static Progress bar();

  friend std::string mp_repr(const Progress& progress) {
    return progress.callback ? "Progress(callback=...)" : "Progress()";
  }
};

/// What a Pool is made with.
struct PoolOptions {
  std::optional<int> processes = std::nullopt;  ///< As many as there are CPUs to use.
  /// A worker leaves after so many chunks, and another one takes its place.
  std::optional<std::ptrdiff_t> maxtasksperchild = std::nullopt;
  std::optional<StartMethod> start_method = std::nullopt;  ///< The program's choice.
  /// In bytes: a worker that has more memory to itself after a task leaves likewise.
  std::optional<std::size_t> max_memory_per_child = std::nullopt;
  std::vector<int> affinity = {};  ///< The CPUs that the workers keep to, in turn.
  std::string trace_file = {};     ///< For the trace viewers of Chrome and Perfetto.
  std::optional<std::uint64_t> seed = std::nullopt;  ///< See task_seed.
  bool label_output = false;  ///< Each line that a worker prints says whose it is.
  bool inline_tasks = false;  ///< No workers: calls are made by who asks, as they would be.
  /// Gets what callbacks throw; else it is printed.
  std::function<void(std::exception_ptr)> on_callback_error = {};

  /// `PoolOptions(processes=2, seed=1)`: what was said, and not what is as it always is.
  friend std::string mp_repr(const PoolOptions& options);
};

/// How the items of a call are done.
struct MapOptions {
  /// Items that a worker takes at once. For map: a fourth of its share; for imap: 1.
  std::optional<std::ptrdiff_t> chunksize = std::nullopt;
  /// An item that takes longer fails with TaskTimeout: a task that takes a std::stop_token is asked
  /// to stop; else, or when it does not within `grace`, its worker is ended.
  std::optional<Timeout> task_timeout = std::nullopt;
  Timeout grace = std::chrono::seconds(1);
  int retries = 0;  ///< How often an item is tried again that has lost its worker.
  /// For imap: how many items are taken out of the input before their results are asked for.
  std::optional<std::ptrdiff_t> buffersize = std::nullopt;
  std::optional<Progress> progress = std::nullopt;

  /// As PoolOptions.
  friend std::string mp_repr(const MapOptions& options);
};

/// How a single call is done; as in MapOptions.
struct TaskOptions {
  std::optional<Timeout> task_timeout = std::nullopt;
  Timeout grace = std::chrono::seconds(1);
  int retries = 0;
  int priority = 0;  ///< The higher ones first. At most 15 different ones are told apart.

  /// As PoolOptions.
  friend std::string mp_repr(const TaskOptions& options);
};

/// A task that took long.
struct SlowestTask {
  std::chrono::nanoseconds duration{};
  std::uint64_t call = 0;  ///< Counted from 1.
  std::uint64_t item = 0;  ///< The first of its chunk.

  /// `SlowestTask(duration=0.5, call=1, item=0)`, in seconds.
  friend std::string mp_repr(const SlowestTask& task);
};

/// What one worker has done so far.
struct WorkerStats {
  int pid = 0;
  std::chrono::nanoseconds busy{};
  std::chrono::nanoseconds idle{};

  /// `WorkerStats(pid=7, busy=1.5, idle=0.25)`, in seconds.
  friend std::string mp_repr(const WorkerStats& worker);
};

/// What a pool has done so far. Items of maps count one by one.
struct PoolStats {
  std::uint64_t submitted = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t retried = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t workers_started = 0;
  std::uint64_t workers_died = 0;
  std::uint64_t workers_retired = 0;
  std::vector<WorkerStats> workers = {};
  std::vector<SlowestTask> slowest_tasks = {};  ///< The slowest first.

  /// `PoolStats(submitted=3, completed=3, failed=0, ...)`
  friend std::string mp_repr(const PoolStats& stats);
};

/// Within a task: a number of its own, the same in each run with the same `PoolOptions::seed`;
/// std::rand begins with it too. 0 without such an option.
std::uint64_t task_seed() noexcept;

}  // namespace multiprocess
