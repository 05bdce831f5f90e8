// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_workers.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/launch.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/remote_error.hpp>
#include <multiprocess/detail/self.hpp>
#include <multiprocess/detail/worker.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

using namespace std::chrono_literals;

/// Python's names of the classes.
const char* method_prefix(StartMethod method) noexcept {
  switch (method) {
    case StartMethod::fork:
      return "Fork";
    case StartMethod::spawn:
      return "Spawn";
    case StartMethod::forkserver:
      return "ForkServer";
  }
  return "";
}

/// How often in a row a worker may end before it has worked.
int most_failures(int exitcode) noexcept {
  const bool killed = exitcode < 0 && os::signal_name(-exitcode) == "SIGKILL";
  return killed ? 10 : 2;  // the former most likely from outside
}

void signal_quietly(const std::shared_ptr<ProcessRecord>& process, os::Signal signal) noexcept {
  try {
    is_gone(*process);  // which sees to its sentinel
    signal_child(process, signal);
  } catch (const std::system_error&) {
    // It has ended meanwhile, and nothing is left of it.
  }
}

}  // namespace

PoolWorkers::PoolWorkers(WorkersPlan plan, SharedRef board)
    : plan_(std::move(plan)), board_(std::move(board)), seats_(plan_.count) {}

void PoolWorkers::start(std::uint32_t place) {
  Board& board = *static_cast<Board*>(board_.address());
  Place& here = board.place(place);
  step::store(here.state, WorkerState::starting, std::memory_order_seq_cst);
  here.busy.store(0, std::memory_order_relaxed);      // raw: a figure
  here.ready_at.store(0, std::memory_order_relaxed);  // raw: a figure
  auto record = make_record("Process");
  const std::string prefix = method_prefix(plan_.method);
  record->class_name = prefix + "Process";
  record->name = prefix + "PoolWorker-" + record->identity;
  record->daemon = true;
  record->start_method = plan_.method;
  WorkerStart work;
  work.board = BoardHandle(board_);
  work.place = place;
  work.initializer = plan_.initializer;
  if (!plan_.cpus.empty()) {
    work.cpu = plan_.cpus[place % plan_.cpus.size()];
  }
  if (plan_.label_output) {
    if (labels_ == nullptr) {
      labels_ = std::make_unique<OutputLabels>();
    }
    OutputLabels::Ends ends = labels_->add(record->name);
    if (ends.output) {
      work.output.emplace(std::move(ends.output));
      work.errors.emplace(std::move(ends.errors));
    }
  }
  const Work life{[&work] { work(); },
                  [&work](OutputArchive& archive) { Job::make(work).save(archive); }};
  if (template_ != nullptr && all_started_) {
    launch_copy(record, life);
  } else {
    launch(record, plan_.method, life);
  }
  seats_[place].process = std::move(record);
  seats_[place].cleared = false;
  ++started_;
}

/// By the template, or a new one if somebody has killed it, or closed the way to it.
void PoolWorkers::launch_copy(const std::shared_ptr<ProcessRecord>& record, const Work& life) {
  template_has_children_ = true;
  try {
    launch_from(*template_, record, life);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::no_child_process) {
      throw;
    }
    template_ = std::make_unique<ForkTemplate>();
    launch_from(*template_, record, life);
  }
}

void PoolWorkers::start_all() {
  const std::scoped_lock lock(mutex_);
  try {
    if (plan_.method == StartMethod::fork) {
      template_ = std::make_unique<ForkTemplate>();
    }
    for (std::uint32_t place = 0; place < seats_.size(); ++place) {
      start(place);
    }
    all_started_ = true;
  } catch (...) {
    kill_and_wait();
    throw;
  }
}

/// Under the lock.
void PoolWorkers::kill_and_wait() noexcept {
  for (Seat& seat : seats_) {
    if (seat.process != nullptr) {
      signal_quietly(seat.process, os::Signal::kill);
      try {
        wait_child(seat.process, os::never);
      } catch (const std::system_error&) {
        // Its sentinel was closed: nobody can wait for it.
      }
      seat.process = nullptr;
    }
  }
}

void PoolWorkers::give_up() noexcept {
  const std::scoped_lock lock(mutex_);
  kill_and_wait();
}

/// The template's end takes a while, which passes along with theirs. It is needed longer by its
/// own children: nobody else can tell how they end.
void PoolWorkers::expect_end() noexcept {
  const std::scoped_lock lock(mutex_);
  if (template_ != nullptr && !template_has_children_) {
    template_->begin_end();
  }
}

void PoolWorkers::finish() noexcept {
  const std::scoped_lock lock(mutex_);
  template_.reset();
  labels_.reset();
}

bool PoolWorkers::fill_places() noexcept {
  const std::scoped_lock lock(mutex_);
  for (std::uint32_t place = 0; place < seats_.size(); ++place) {
    Seat& seat = seats_[place];
    if (seat.process != nullptr || !seat.cleared || failed_for_good_) {
      continue;
    }
    try {
      start(place);
      vain_starts_ = 0;
    } catch (...) {
      note_vain_start(std::current_exception());
      return false;
    }
  }
  return true;
}

/// The system may have room again soon.
void PoolWorkers::note_vain_start(const std::exception_ptr& cause) noexcept {
  constexpr int most = 50;
  const bool alone = std::all_of(seats_.begin(), seats_.end(),
                                 [](const Seat& seat) { return seat.process == nullptr; });
  if (++vain_starts_ >= most && alone) {
    first_failure_ = cause;
    failed_for_good_ = true;
  }
}

bool PoolWorkers::has_ended() const noexcept {
  const std::scoped_lock lock(mutex_);
  return std::any_of(seats_.begin(), seats_.end(), [](const Seat& seat) {
    return seat.process != nullptr && is_over(seat.process->ticket) && is_gone(*seat.process);
  });
}

void PoolWorkers::wait_for_ends(os::Deadline deadline) {
  std::vector<std::shared_ptr<ProcessRecord>> running;
  {
    const std::scoped_lock lock(mutex_);
    for (const Seat& seat : seats_) {
      if (seat.process != nullptr) {
        running.push_back(seat.process);
      }
    }
  }
  for (const auto& process : running) {
    is_gone(*process, deadline);
  }
}

void PoolWorkers::take_ended(std::vector<EndedWorker>& ended) {
  const std::scoped_lock lock(mutex_);
  ended.reserve(ended.size() + seats_.size());
  for (std::uint32_t place = 0; place < seats_.size(); ++place) {
    Seat& seat = seats_[place];
    if (seat.process == nullptr) {
      continue;
    }
    if (const auto code = code_if_gone(seat.process)) {
      ended.push_back(describe_end(place, seat, *code));
    }
  }
}

std::exception_ptr PoolWorkers::read_report(Place& here) const {
  const Offset report = step::exchange(here.report, 0);
  const bool whole = report != 0 && owner::kind(owner_of_former(report)) == owner::Kind::part;
  if (!whole) {
    return nullptr;
  }
  try {
    const Message message(report);
    InputArchive archive(message.bytes());
    rethrow(read_value<RemoteException>(archive));
  } catch (...) {
    return std::current_exception();
  }
}

EndedWorker PoolWorkers::describe_end(std::uint32_t place, Seat& seat, int exitcode) {
  Board& board = *static_cast<Board*>(board_.address());
  Place& here = board.place(place);
  const WorkerState state = here.state.load();
  EndedWorker end{place, seat.process->pid, exitcode, false, nullptr};
  end.in_order = exitcode == 0 && is_leaving(state);
  if (state == WorkerState::starting || state == WorkerState::failed) {
    end.could_not = read_report(here);
    if (end.could_not == nullptr && !end.in_order) {
      end.could_not = std::make_exception_ptr(WorkerDied(end.pid, exitcode, "its initializer"));
    }
  }
  if (end.could_not != nullptr) {
    note_failure(seat, end.could_not);
    failed_for_good_ = failed_for_good_ || seat.failures >= most_failures(exitcode);
  } else {
    seat.failures = 0;
  }
  (end.in_order ? retired_ : died_) += 1;
  seat.process = nullptr;
  return end;
}

void PoolWorkers::note_failure(Seat& seat, const std::exception_ptr& cause) noexcept {
  ++seat.failures;
  if (first_failure_ == nullptr) {
    first_failure_ = cause;
  }
}

void PoolWorkers::clear_place(std::uint32_t place) noexcept {
  Place& here = static_cast<Board*>(board_.address())->place(place);
  step::store(here.batch, 0, std::memory_order_seq_cst);
  step::store(here.item, 0);
  step::store(here.result, 0);
  step::store(here.stop_for, 0);
  const std::scoped_lock lock(mutex_);
  seats_[place].cleared = true;
}

std::size_t PoolWorkers::running() const noexcept {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      seats_.begin(), seats_.end(), [](const Seat& seat) { return seat.process != nullptr; }));
}

std::vector<int> PoolWorkers::pids() const {
  std::vector<int> all = pids_by_place();
  std::erase(all, 0);
  return all;
}

std::vector<int> PoolWorkers::pids_by_place() const {
  std::vector<int> all;
  const std::scoped_lock lock(mutex_);
  for (const Seat& seat : seats_) {
    all.push_back(seat.process == nullptr ? 0 : seat.process->pid);
  }
  return all;
}

std::optional<Ticket> PoolWorkers::ticket(std::uint32_t place) const noexcept {
  const std::scoped_lock lock(mutex_);
  const auto& process = seats_[place].process;
  return process == nullptr ? std::nullopt : std::optional(process->ticket);
}

void PoolWorkers::terminate(std::uint32_t place) noexcept {
  const std::scoped_lock lock(mutex_);
  if (seats_[place].process != nullptr) {
    signal_quietly(seats_[place].process, os::Signal::terminate);
  }
}

void PoolWorkers::kill(std::uint32_t place) noexcept {
  const std::scoped_lock lock(mutex_);
  if (seats_[place].process != nullptr) {
    signal_quietly(seats_[place].process, os::Signal::kill);
  }
}

std::exception_ptr PoolWorkers::failure() const noexcept {
  const std::scoped_lock lock(mutex_);
  return failed_for_good_ ? first_failure_ : nullptr;
}

}  // namespace multiprocess::detail
