// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/forkserver.hpp>
#include <multiprocess/detail/launch.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/output_labels.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/start_method.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace multiprocess::detail {

/// The processes of a pool.
struct WorkersPlan {
  std::uint32_t count = 1;
  StartMethod method = StartMethod::fork;
  std::vector<int> cpus;
  bool label_output = false;
  std::shared_ptr<Job> initializer;
};

/// How a worker has ended.
struct EndedWorker {
  std::uint32_t place;
  int pid;
  int exitcode;
  bool in_order;                 // it retired, or the pool was closed
  std::exception_ptr could_not;  // why it never worked
};

/// Starts the workers of a pool, knows when one has ended, and puts another one into its place.
class PoolWorkers {
 public:
  PoolWorkers(WorkersPlan plan, SharedRef board);

  /// Throws as the start of a process does; those that were started have ended then.
  void start_all();
  /// Into every place without a worker. False when one could not be started: try again soon.
  bool fill_places() noexcept;

  /// Most likely no more are started: what it takes to start one may go.
  void expect_end() noexcept;
  /// Nobody will see to them: they are killed. Returns when they have ended.
  void give_up() noexcept;
  /// All have ended, and no more are started.
  void finish() noexcept;

  /// Whether one has ended and `take_ended` was not called since; cheap.
  bool has_ended() const noexcept;
  /// Waits until all that run now have ended, or the deadline.
  void wait_for_ends(os::Deadline deadline);
  /// Those that have ended; their places are empty afterwards, but their notes stay there.
  void take_ended(std::vector<EndedWorker>& ended);
  /// The place may be given to another one: what stood there is not needed any more.
  void clear_place(std::uint32_t place) noexcept;

  std::size_t running() const noexcept;
  std::vector<int> pids() const;
  /// 0 where there is none.
  std::vector<int> pids_by_place() const;
  std::uint64_t started() const noexcept { return started_.load(); }
  std::uint64_t died() const noexcept { return died_.load(); }
  std::uint64_t retired() const noexcept { return retired_.load(); }

  /// Nothing when the place is empty.
  std::optional<Ticket> ticket(std::uint32_t place) const noexcept;
  void terminate(std::uint32_t place) noexcept;
  void kill(std::uint32_t place) noexcept;

  /// What keeps workers from working, once it has done so again and again.
  std::exception_ptr failure() const noexcept;

 private:
  struct Seat {
    std::shared_ptr<ProcessRecord> process;  // null: empty
    bool cleared = true;
    int failures = 0;  // starts in a row that came to nothing
  };

  void start(std::uint32_t place);
  void kill_and_wait() noexcept;
  void launch_copy(const std::shared_ptr<ProcessRecord>& record, const Work& life);
  void note_vain_start(const std::exception_ptr& cause) noexcept;
  void note_failure(Seat& seat, const std::exception_ptr& cause) noexcept;
  EndedWorker describe_end(std::uint32_t place, Seat& seat, int exitcode);
  std::exception_ptr read_report(Place& here) const;

  WorkersPlan plan_;
  SharedRef board_;
  mutable std::mutex mutex_;
  std::vector<Seat> seats_;
  std::unique_ptr<ForkTemplate> template_;  // of those that come later, under fork
  bool template_has_children_ = false;
  std::unique_ptr<OutputLabels> labels_;
  bool all_started_ = false;
  std::exception_ptr first_failure_;
  bool failed_for_good_ = false;
  int vain_starts_ = 0;  // in a row
  std::atomic<std::uint64_t> started_{0};
  std::atomic<std::uint64_t> died_{0};
  std::atomic<std::uint64_t> retired_{0};
};

}  // namespace multiprocess::detail
