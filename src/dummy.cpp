// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/dummy.hpp>

#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/per_thread.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/traceback.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <limits>
#include <mutex>
#include <thread>

namespace multiprocess {

namespace detail {

/// What is known of a thread, by itself and by whoever has a Process of it.
struct DummyRecord {
  enum class State { initial, started, stopped };

  ~DummyRecord() {
    if (!thread.joinable()) {
      return;
    }
    if (is_ours()) {
      thread.detach();
    } else {
      static_cast<void>(new std::thread(std::move(thread)));  // no thread of a forked child
    }
  }

  bool is_ours() const noexcept { return pid == current_pid(); }
  bool is_alive() const noexcept { return state == State::started && is_ours(); }

  const int pid = current_pid();
  std::weak_ptr<DummyRecord> parent{};
  bool is_main = false;

  std::mutex mutex{};  // of what follows
  std::condition_variable changed{};
  std::string name{};
  bool daemon = false;
  State state = State::initial;
  int ident = 0;
  std::function<void()> work{};
  std::thread thread{};
  std::vector<std::shared_ptr<DummyRecord>> children{};
};

}  // namespace detail

namespace dummy {

namespace {

using detail::DummyRecord;
using State = DummyRecord::State;
using Record = std::shared_ptr<DummyRecord>;

using OwnRecord = detail::PerThread<Record>;

std::string next_name(const char* stem) {
  static std::atomic<unsigned> made{0};
  return fmt::format("{}-{}", stem, ++made);
}

/// Of a thread that no Process has started.
Record adopt_thread() {
  auto record = std::make_shared<DummyRecord>();
  record->is_main = detail::os::on_main_thread();
  record->name = record->is_main ? "MainThread" : next_name("Dummy");
  record->daemon = !record->is_main;
  record->state = State::started;
  record->ident = detail::os::current_thread_number();
  return record;
}

const Record& this_record() {
  Record& own = OwnRecord::get_always();
  if (own == nullptr || !own->is_ours()) {
    own = adopt_thread();
  }
  return own;
}

std::string repr_of(DummyRecord& record) {
  const std::scoped_lock lock(record.mutex);
  const char* const state = record.state == State::initial ? "initial"
                            : record.is_alive()            ? "started"
                                                           : "stopped";
  return fmt::format("<{}({}, {}{}{})>", record.is_main ? "_MainThread" : "DummyProcess",
                     record.name, state, record.daemon ? " daemon" : "",
                     record.ident == 0 ? "" : fmt::format(" {}", record.ident));
}

/// Waits for its end. False when the deadline comes first.
bool wait_for_end(DummyRecord& record, detail::os::Deadline deadline) {
  std::unique_lock lock(record.mutex);
  const auto has_ended = [&] { return !record.is_alive(); };
  if (deadline == detail::os::never) {
    record.changed.wait(lock, has_ended);
  } else if (!record.changed.wait_until(lock, deadline, has_ended)) {
    return false;
  }
  if (record.is_ours()) {
    std::thread thread = std::move(record.thread);
    lock.unlock();
    if (thread.joinable()) {
      thread.join();
    }
  }
  return true;
}

void report_exception(const std::string& name) {
  const std::string text = detail::describe_current_exception();
  std::fprintf(stderr, "Exception in thread %s:\n%s", name.c_str(), text.c_str());
}

void run(const Record& record) noexcept {
  OwnRecord::get_always() = record;
  {
    const std::scoped_lock lock(record->mutex);
    record->ident = detail::os::current_thread_number();
  }
  record->changed.notify_all();
  std::function<void()> work;
  work.swap(record->work);
  try {
    if (work) {
      detail::guarded_call(work);
    }
  } catch (const SystemExit&) {
    // As in Python it ends the thread and nothing else.
  } catch (...) {
    report_exception(current_process().name());
  }
  work = nullptr;
  {
    const std::scoped_lock lock(record->mutex);
    record->state = State::stopped;
  }
  record->changed.notify_all();
}

bool is_over(const Record& record) {
  const std::scoped_lock lock(record->mutex);
  return !record->is_alive();
}

/// Forgets those that have ended.
void prune(std::vector<Record>& records) {
  std::erase_if(records, [](const Record& record) {
    const bool over = is_over(record);
    if (over) {
      wait_for_end(*record, detail::os::never);
    }
    return over;
  });
}

/// Those that the program waits for, under process_mutex, since a child may be forked at any time.
constinit detail::Lasting<std::vector<Record>> waited_for;

void wait_for_all() {
  while (true) {
    std::vector<Record> all;
    {
      const std::scoped_lock lock(detail::process_mutex());
      all.swap(*waited_for);
    }
    if (all.empty()) {
      return;
    }
    for (const Record& record : all) {
      if (record != this_record()) {
        wait_for_end(*record, detail::os::never);
      }
    }
  }
}

void let_program_wait(const Record& record) {
  static int arranged_in = 0;  // pid
  bool arranged = false;
  {
    const std::scoped_lock lock(detail::process_mutex());
    std::erase_if(*waited_for, is_over);
    waited_for->push_back(record);
    arranged = std::exchange(arranged_in, detail::current_pid()) == detail::current_pid();
  }
  if (!arranged) {
    at_exit(wait_for_all, std::numeric_limits<int>::max());  // before everything else, as in Python
  }
}

/// Throws RuntimeError when it is not for the calling thread to start it.
void require_startable(DummyRecord& record) {
  if (record.parent.lock() != this_record()) {
    const Record parent = record.parent.lock();
    throw RuntimeError(fmt::format("Parent is {} but current_process is {}",
                                   parent == nullptr ? "gone" : repr_of(*parent),
                                   repr_of(*this_record())));
  }
  const std::scoped_lock lock(record.mutex);
  if (record.state != State::initial) {
    throw RuntimeError("threads can only be started once");
  }
}

}  // namespace

Process::Process(ProcessOptions options, std::function<void()> target)
    : record_(std::make_shared<DummyRecord>()) {
  const Record& parent = this_record();
  record_->parent = parent;
  record_->name = options.name.empty() ? next_name("Thread") : std::move(options.name);
  const std::scoped_lock lock(parent->mutex);
  record_->daemon = options.daemon.value_or(parent->daemon);
  record_->work = std::move(target);
}

void Process::start() {
  require_startable(*record_);
  {
    std::unique_lock lock(record_->mutex);
    record_->thread = std::thread([record = record_] { run(record); });
    record_->state = State::started;
    record_->changed.wait(lock, [this] { return record_->ident != 0; });
  }
  DummyRecord& parent = *this_record();
  prune(parent.children);
  parent.children.push_back(record_);
  if (!daemon()) {
    let_program_wait(record_);
  }
}

bool Process::join(Timeout timeout) {
  {
    const std::scoped_lock lock(record_->mutex);
    if (record_->state == State::initial) {
      throw RuntimeError("cannot join thread before it is started");
    }
  }
  if (record_ == this_record()) {
    throw RuntimeError("cannot join current thread");
  }
  return wait_for_end(*record_, timeout.deadline());
}

bool Process::is_alive() const {
  const std::scoped_lock lock(record_->mutex);
  return record_->is_alive();
}

std::optional<int> Process::exitcode() const {
  const std::scoped_lock lock(record_->mutex);
  return record_->state == State::initial || record_->is_alive() ? std::nullopt
                                                                 : std::optional<int>(0);
}

std::string Process::name() const {
  const std::scoped_lock lock(record_->mutex);
  return record_->name;
}

void Process::set_name(std::string name) {
  const std::scoped_lock lock(record_->mutex);
  record_->name = std::move(name);
}

bool Process::daemon() const {
  const std::scoped_lock lock(record_->mutex);
  return record_->daemon;
}

void Process::set_daemon(bool daemon) {
  const std::scoped_lock lock(record_->mutex);
  if (record_->state != State::initial) {
    throw RuntimeError("cannot set daemon status of active thread");
  }
  record_->daemon = daemon;
}

int Process::ident() const {
  const std::scoped_lock lock(record_->mutex);
  return record_->ident;
}

std::string Process::repr() const {
  return repr_of(*record_);
}

Process& current_process() {
  struct Mine {
    Process process{Record()};
  };
  Process& mine = detail::PerThread<Mine>::get_always().process;
  mine.record_ = this_record();
  return mine;
}

std::vector<Process> active_children() {
  DummyRecord& own = *this_record();
  prune(own.children);
  std::vector<Process> all;
  for (const Record& child : own.children) {
    all.push_back(Process(child));
  }
  return all;
}

}  // namespace dummy
}  // namespace multiprocess
