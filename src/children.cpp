// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/children.hpp>

#include <multiprocess/detail/exit_report.hpp>
#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/identity.hpp>
#include <multiprocess/detail/os/poll.hpp>
#include <multiprocess/detail/os/stream.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace multiprocess::detail {

namespace {

using Record = std::shared_ptr<ProcessRecord>;

constexpr int unknown_exit_code = 255;

struct Registry {
  std::vector<Record> running;
};

constinit Lasting<Registry> kept;
constinit os::AroundFork none_in_forked_children(os::AroundFork::Nesting::outer, nullptr, nullptr,
                                                 [] { kept->running.clear(); });
[[maybe_unused]] const bool before_main = none_in_forked_children.begin();

/// Guarded by process_mutex. In a forked child, whoever forked, it is empty.
Registry& registry() {
  none_in_forked_children.begin();
  return *kept;
}

/// Somebody may have closed it, and its number mean anything by now.
bool may_tell(const KeptHandle* status) {
  return status != nullptr && *status;
}

/// Of the processes that have ended: a child of the fork server counts as such once its exit code
/// has arrived, or cannot arrive any more.
bool is_complete(const ProcessRecord& record) {
  return !may_tell(record.status.get()) || os::wait_readable(record.status->get(), os::at_once);
}

/// What the child itself wrote, unless its place has another owner by now.
std::optional<int> told_exit_code(Ticket ticket) {
  const auto code = exit_code(ticket);
  const std::uint64_t life = participant(ticket.slot).life.load();
  return generation_of(life) == ticket.generation ? code : std::nullopt;
}

/// Under the lock, once the process has ended.
void take_note(ProcessRecord& record) {
  std::optional<int> code;
  if (record.status == nullptr) {
    code = os::take_exit_code(record.sentinel->get());
  } else if (may_tell(record.status.get())) {
    code = receive_exit_code(record.status->get());
  }
  record.exitcode = code ? code : told_exit_code(record.ticket);
  record.exitcode = record.exitcode.value_or(unknown_exit_code);
  record.status.reset();
  auto& running = registry().running;
  std::erase_if(running, [&](const Record& other) { return other.get() == &record; });
}

void log_about(const char* what, const ProcessRecord& record) {
  if (logs(INFO)) {
    log(INFO, what + record.name);
  }
}

/// Without its sentinel, which somebody may have closed, only the system can say that it has ended.
void forget(const std::vector<Record>& ended) {
  for (const Record& record : ended) {
    unwatch_child(record->ticket);
    if (os::is_sentinel(record->sentinel->get())) {
      note_end(record->ticket);
    } else {
      check_participant(record->ticket);
    }
  }
}

std::shared_ptr<const os::Handle> sentinel_of(const ProcessRecord& process) {
  const std::scoped_lock lock(process_mutex());
  return process.sentinel;
}

/// Somebody has closed the sentinel, as programs do that become daemons: a new one, unless the
/// process has ended and nothing is left of it. The old number may mean something else by now.
bool renew_sentinel(ProcessRecord& process) {
  os::Handle opened = os::sentinel_of(static_cast<std::uint32_t>(process.pid));
  const bool is_own_child =
      process.status == nullptr;  // it keeps its number until we take its code
  if (!opened || (!is_own_child && check_participant(process.ticket))) {
    return false;
  }
  auto renewed = std::make_shared<const os::Handle>(std::move(opened));
  const std::scoped_lock lock(process_mutex());
  const auto former = std::exchange(process.sentinel, std::move(renewed));
  std::const_pointer_cast<os::Handle>(former)->release();
  return true;
}

}  // namespace

void add_child(const Record& record, os::Started started, Ticket ticket, os::Handle status) {
  const os::NativeHandle sentinel = started.sentinel.get();
  try {
    watch_child(ticket, sentinel);
    auto ours = std::make_shared<os::Handle>();
    auto told = status ? std::make_shared<const KeptHandle>(std::move(status)) : nullptr;
    const std::scoped_lock lock(process_mutex());
    registry().running.push_back(record);
    *ours = std::move(started.sentinel);
    record->started = true;
    record->pid = started.pid;
    record->sentinel = std::move(ours);
    record->ticket = ticket;
    record->status = std::move(told);
  } catch (...) {  // a child that nobody knows must not be
    unwatch_child(ticket);
    os::send_signal(sentinel, os::Signal::kill);
    os::wait_ended(sentinel, os::never);
    os::take_exit_code(sentinel);
    note_end(ticket);
    throw;
  }
}

std::vector<Record> live_children() {
  std::vector<Record> ended;
  std::vector<Record> running;
  {
    const std::scoped_lock lock(process_mutex());
    running = registry().running;
    if (running.empty()) {
      return running;
    }
    std::vector<os::NativeHandle> sentinels;
    for (const Record& record : running) {
      sentinels.push_back(record->sentinel->get());
    }
    const std::vector<std::size_t> over = os::wait_any(sentinels, os::at_once);
    for (auto i = over.rbegin(); i != over.rend(); ++i) {
      if (is_complete(*running[*i])) {
        take_note(*running[*i]);
        ended.push_back(running[*i]);
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(*i));
      }
    }
  }
  forget(ended);
  return running;
}

std::optional<int> wait_child(const Record& record, os::Deadline deadline) {
  std::shared_ptr<const os::Handle> sentinel;
  std::shared_ptr<const KeptHandle> status;
  {
    const std::scoped_lock lock(process_mutex());
    if (record->exitcode) {
      return record->exitcode;
    }
    sentinel = record->sentinel;
    status = record->status;
  }
  if (!os::wait_ended(sentinel->get(), deadline) ||
      (may_tell(status.get()) && !os::wait_readable(status->get(), deadline))) {
    return std::nullopt;
  }
  {
    const std::scoped_lock lock(process_mutex());
    if (record->exitcode) {  // another thread was faster
      return record->exitcode;
    }
    take_note(*record);
  }
  forget({record});
  return record->exitcode;
}

void signal_child(const Record& record, os::Signal signal) {
  if (!wait_child(record, os::at_once)) {
    std::unique_lock lock(process_mutex());
    const auto sentinel = record->sentinel;
    lock.unlock();
    os::send_signal(sentinel->get(), signal);
  }
}

bool is_gone(ProcessRecord& process, os::Deadline deadline) noexcept {
  try {
    const os::NativeHandle sentinel = sentinel_of(process)->get();
    if (os::is_sentinel(sentinel)) {
      return os::wait_ended(sentinel, deadline);
    }
    return renew_sentinel(process) ? os::wait_ended(sentinel_of(process)->get(), deadline)
                                   : check_participant(process.ticket);
  } catch (const std::exception&) {
    return check_participant(process.ticket);
  }
}

std::optional<int> code_if_gone(const Record& process) {
  const bool over = is_gone(*process, os::at_once);
  const auto soon = std::chrono::steady_clock::now() +
                    std::chrono::seconds(1);  // who reaps it tells how it ended
  try {
    return wait_child(process, over ? soon : os::at_once);
  } catch (const std::system_error&) {  // what would tell was closed
    return over ? std::optional(exit_code(process->ticket).value_or(unknown_exit_code))
                : std::nullopt;
  }
}

void terminate_daemons() {
  for (const Record& record : live_children()) {
    if (record->daemon) {
      log_about("calling terminate() for daemon ", *record);
      signal_child(record, os::Signal::terminate);
    }
  }
}

void join_children() {
  for (const Record& record : live_children()) {
    log_about("calling join() for process ", *record);
    wait_child(record, os::never);
  }
}

}  // namespace multiprocess::detail
