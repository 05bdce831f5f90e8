// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/process.hpp>

#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/launch.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <typeinfo>

namespace multiprocess {

namespace {

using Record = std::shared_ptr<detail::ProcessRecord>;

/// The object that runs in this child, when it is of a class of the user's.
constinit std::atomic<Process*> running_object{nullptr};

bool is_self(const Record& record) {
  return record == detail::this_process();
}

bool is_ours(const detail::ProcessRecord& record) {
  return record.creator == detail::current_pid();
}

void check_ours(const Record& record, const char* text) {
  if (is_self(record) || !is_ours(*record)) {
    throw AssertionError(text);
  }
}

auto locked() {
  return std::unique_lock(detail::process_mutex());
}

bool has_started(const detail::ProcessRecord& record) {
  const auto lock = locked();
  return record.started;
}

std::string exit_code_text(int code) {
  return code < 0 ? std::string("-") + detail::os::signal_name(-code) : std::to_string(code);
}

}  // namespace

Process::Process() : Process(ProcessOptions{}) {}

Process::Process(ProcessOptions options)
    : Process(std::move(options), detail::ClassName{"Process"}) {}

Process::Process(ProcessOptions options, detail::ClassName class_name, detail::Job job)
    : record_(detail::make_record(class_name.text)), job_(std::move(job)) {
  if (!options.name.empty()) {
    record_->name = std::move(options.name);
  }
  record_->daemon = options.daemon.value_or(record_->daemon);
  record_->start_method = options.start_method;
  record_->outlive_parent = options.outlive_parent;
}

Process::Process(std::shared_ptr<detail::ProcessRecord> record) : record_(std::move(record)) {}

Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;
Process::~Process() = default;

void Process::run() {
  if (job_) {
    job_();
  }
}

detail::ProcessRecord& Process::record() const {
  if (record_ == nullptr) {
    throw ValueError("this process object was moved from");
  }
  return *record_;
}

detail::ProcessRecord& Process::open_record() const {
  detail::ProcessRecord& open = record();
  if (const auto lock = locked(); open.closed) {
    throw ValueError("process object is closed");
  }
  return open;
}

void Process::start() {
  detail::ProcessRecord& record = open_record();
  if (is_self(record_)) {
    throw AssertionError("cannot start a process twice");
  }
  if (!is_ours(record)) {
    throw AssertionError("can only start a process object created by current process");
  }
  if (current_process().daemon() && !detail::may_have_children()) {
    throw AssertionError("daemonic processes are not allowed to have children");
  }
  const detail::Starting only(record);
  detail::live_children();  // takes note of those that have ended
  const StartMethod method =
      record.start_method ? *record.start_method : detail::fixed_start_method();
  detail::launch(
      record_, method,
      {[this] { run_in_copy(); }, [this](detail::OutputArchive& archive) { save_work(archive); }});
  job_ = {};
}

void Process::run_in_copy() {
  running_object = typeid(*this) == typeid(Process) ? nullptr : this;
  run();
}

void Process::run_in_program() {
  record_ = detail::this_process();
  running_object = this;
  run();
}

void Process::save_work(detail::OutputArchive& archive) const {
  if (typeid(*this) != typeid(Process)) {
    detail::throw_unserializable("Process", true);
  }
  job_.save(archive);
}

bool Process::join(Timeout timeout) {
  detail::ProcessRecord& record = open_record();
  check_ours(record_, "can only join a child process");
  if (!has_started(record)) {
    throw AssertionError("can only join a started process");
  }
  return detail::wait_child(record_, timeout.deadline()).has_value();
}

bool Process::is_alive() const {
  detail::ProcessRecord& record = open_record();
  if (is_self(record_)) {
    return true;
  }
  check_ours(record_, "can only test a child process");
  return has_started(record) && !exitcode();
}

void Process::send(detail::os::Signal signal) {
  detail::ProcessRecord& record = open_record();
  if (is_self(record_) || !has_started(record)) {
    throw ValueError("the process is not started");
  }
  check_ours(record_, "can only signal a child process");
  detail::signal_child(record_, signal);
}

void Process::terminate() {
  send(detail::os::Signal::terminate);
}
void Process::kill() {
  send(detail::os::Signal::kill);
}
void Process::interrupt() {
  send(detail::os::Signal::interrupt);
}

void Process::close() {
  if (record_ == nullptr || is_self(record_)) {
    return;
  }
  if (has_started(*record_) && is_ours(*record_) &&
      !detail::wait_child(record_, detail::os::at_once)) {
    throw ValueError(
        "Cannot close a process while it is still running. You should first call join() or "
        "terminate().");
  }
  const auto lock = locked();
  record_->closed = true;
  record_->sentinel.reset();
  job_ = {};
}

std::optional<int> Process::exitcode() const {
  detail::ProcessRecord& record = open_record();
  if (is_self(record_) || !is_ours(record) || !has_started(record)) {
    return std::nullopt;
  }
  return detail::wait_child(record_, detail::os::at_once);
}

int Process::pid() const {
  const detail::ProcessRecord& record = open_record();
  return is_self(record_) ? detail::current_pid() : record.pid;
}

Sentinel Process::sentinel() const {
  const detail::ProcessRecord& record = open_record();
  const auto lock = locked();
  if (record.sentinel == nullptr) {
    throw ValueError("process not started");
  }
  return Sentinel(record.sentinel);
}

std::string Process::name() const {
  const detail::ProcessRecord& known = record();
  const auto lock = locked();
  return known.name;
}

void Process::set_name(std::string name) {
  detail::ProcessRecord& known = record();
  const auto lock = locked();
  known.name = std::move(name);
}

bool Process::daemon() const {
  const detail::ProcessRecord& known = record();
  const auto lock = locked();
  return known.daemon;
}

void Process::set_daemon(bool daemon) {
  detail::ProcessRecord& known = record();
  const bool self = is_self(record_);
  const auto lock = locked();
  if (known.started && !known.closed && !self) {
    throw AssertionError("process has already started");
  }
  known.daemon = daemon;
}

AuthenticationString Process::authkey() const {
  const detail::ProcessRecord& known = record();
  const auto lock = locked();
  return AuthenticationString(known.authkey);
}

void Process::set_authkey(Key key) {
  detail::ProcessRecord& known = record();
  const auto lock = locked();
  known.authkey = std::move(key.secret_);
}

std::string Process::repr() const {
  if (record_ == nullptr) {
    return "<Process moved>";
  }
  const detail::ProcessRecord& record = *record_;
  const bool self = is_self(record_);
  std::optional<int> code;
  std::string status = "started";
  if (!self) {
    if (locked(), record.closed) {
      status = "closed";
    } else if (!is_ours(record)) {
      status = "unknown";
    } else if (!has_started(record)) {
      status = "initial";
    } else if ((code = exitcode())) {
      status = "stopped";
    }
  }
  std::string text = fmt::format("<{} name={}", record.class_name, detail::quoted(name()));
  if (record.pid != 0 && status != "closed") {
    text += fmt::format(" pid={}", record.pid);
  }
  text += " parent=" + (record.creator == 0 ? "None" : std::to_string(record.creator));
  text += " " + status;
  text += code ? " exitcode=" + exit_code_text(*code) : "";
  text += daemon() ? " daemon>" : ">";
  return text;
}

bool ParentProcess::is_alive() const {
  return !join(std::chrono::seconds(0));
}

bool ParentProcess::join(Timeout timeout) const {
  return detail::os::wait_ended(record_->life_line.get(), timeout.deadline());
}

Sentinel ParentProcess::sentinel() const {
  return Sentinel({record_, &record_->life_line});
}

std::string mp_repr(const ParentProcess& parent) {
  return fmt::format("<ParentProcess name={} pid={} {}>", detail::quoted(parent.name()),
                     parent.pid(), parent.is_alive() ? "started" : "stopped");
}

Process& current_process() {
  if (Process* const object = running_object) {
    return *object;
  }
  static std::atomic<Process*> made{nullptr};
  Process* known = made;
  const Record own = detail::this_process();
  if (known == nullptr || known->record_ != own) {  // the first call, or the first in this child
    auto* const fresh = new Process(own);           // never destroyed: references to it are out
    known = made.compare_exchange_strong(known, fresh) ? fresh : made.load();
  }
  return *known;
}

std::optional<ParentProcess> parent_process() {
  auto record = detail::parent_record();
  return record == nullptr ? std::nullopt : std::optional(ParentProcess(std::move(record)));
}

std::vector<Process> active_children() {
  std::vector<Process> children;
  for (auto& record : detail::live_children()) {
    children.push_back(Process(std::move(record)));
  }
  return children;
}

int cpu_count() {
  return detail::os::usable_cpu_count();
}

int hardware_cpu_count() {
  return detail::os::hardware_cpu_count();
}

void freeze_support() {
  detail::run_started_program();
}

namespace detail {

void throw_unserializable(std::string_view class_name, bool is_base) {
  throw NotSendable(fmt::format(
      "{}{} may override run(), and cannot cross to a spawned process so: derive it from "
      "ProcessClass<{}>, give it serialize(Archive&) and a default constructor (a member "
      "without one may be a std::optional), or start it with fork",
      is_base ? "a class derived from " : "", class_name,
      is_base ? "itself" : plain_class_name(class_name)));
}

}  // namespace detail

}  // namespace multiprocess
