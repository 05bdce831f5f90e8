// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_workers.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/launch.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/owned_lock.hpp>
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
    signal_child(process, signal);
  } catch (const std::system_error&) {
    // It has ended meanwhile, or its sentinel was closed: then its end is found out otherwise.
  }
}

}  // namespace

PoolWorkers::PoolWorkers(WorkersPlan plan, SharedRef board)
    : plan_(std::move(plan)), board_(std::move(board)), seats_(plan_.count) {}

void PoolWorkers::start(std::uint32_t place) {
  Board& board = *static_cast<Board*>(board_.address());
  board.place(place).state.store(WorkerState::starting, std::memory_order_seq_cst);
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
  launch(record, plan_.method,
         {[&work] { work(); }, [&work](OutputArchive& archive) { Job::make(work).save(archive); }});
  seats_[place].process = std::move(record);
  seats_[place].cleared = false;
  ++started_;
}

void PoolWorkers::start_all() {
  const std::scoped_lock lock(mutex_);
  try {
    for (std::uint32_t place = 0; place < seats_.size(); ++place) {
      start(place);
    }
  } catch (...) {
    for (const Seat& seat : seats_) {
      if (seat.process != nullptr) {
        signal_quietly(seat.process, os::Signal::kill);
        wait_child(seat.process, os::never);
      }
    }
    throw;
  }
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
    } catch (...) {
      if (first_failure_ == nullptr) {
        first_failure_ = std::current_exception();
      }
      return false;
    }
  }
  return true;
}

WorkerState PoolWorkers::state_of(std::uint32_t place) const noexcept {
  return static_cast<Board*>(board_.address())->place(place).state.load(std::memory_order_seq_cst);
}

bool PoolWorkers::has_ended() const noexcept {
  const std::scoped_lock lock(mutex_);
  return std::any_of(seats_.begin(), seats_.end(), [](const Seat& seat) {
    return seat.process != nullptr && is_over(seat.process->ticket);
  });
}

std::vector<EndedWorker> PoolWorkers::take_ended() {
  std::vector<EndedWorker> ended;
  const std::scoped_lock lock(mutex_);
  for (std::uint32_t place = 0; place < seats_.size(); ++place) {
    Seat& seat = seats_[place];
    if (seat.process == nullptr) {
      continue;
    }
    const bool over = is_over(seat.process->ticket) || is_leaving(state_of(place));
    const auto now = std::chrono::steady_clock::now();
    if (const auto code = wait_child(seat.process, over ? now + 1s : os::at_once)) {
      ended.push_back(describe_end(place, seat, *code));
    }
  }
  return ended;
}

std::exception_ptr PoolWorkers::read_report(Place& here) const {
  const Offset report = here.report.exchange(0);
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
  here.batch.store(0, std::memory_order_seq_cst);
  here.item.store(0);
  here.result.store(0);
  here.stop_for.store(0);
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

void PoolWorkers::terminate_all() noexcept {
  for (std::uint32_t place = 0; place < seats_.size(); ++place) {
    terminate(place);
  }
}

void PoolWorkers::kill_all() noexcept {
  for (std::uint32_t place = 0; place < seats_.size(); ++place) {
    kill(place);
  }
}

std::exception_ptr PoolWorkers::failure() const noexcept {
  const std::scoped_lock lock(mutex_);
  return failed_for_good_ ? first_failure_ : nullptr;
}

bool holds_a_lock(Ticket process) {
  const auto is_lock = [](std::uint64_t word, const void*) {
    const auto type = static_cast<ObjectType>(owner::type(word));
    return owner::kind(word) == owner::Kind::object &&
           (type == ObjectType::lock || type == ObjectType::rlock || type == ObjectType::sequence);
  };
  const auto locks = find_blocks(is_lock, nullptr);
  return std::any_of(locks.begin(), locks.end(), [process](Offset lock) {
    return ticket_of_owner(at<OwnedLock>(lock)->owner()) == process;
  });
}

}  // namespace multiprocess::detail
