// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/cleanup.hpp>

#include <multiprocess/detail/children.hpp>
#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/traceback.hpp>
#include <multiprocess/logging.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

namespace multiprocess::detail {

namespace {

struct ExitCall {
  CallId id;
  int owner;  // pid; 0 for a fork call, which every forked child keeps
  int priority;
  std::function<void()> body;
};

struct Calls {
  std::vector<ExitCall> list;  // in the order of registration
  CallId last_id = 0;
  int arranged_in = 0;  // 0: std::atexit does not know us yet
  int done_in = 0;      // pid of the process whose exit steps have begun
};

constinit Lasting<Calls> calls;                          // guarded by process_mutex
constinit Lasting<std::vector<ExitCall>> parents_calls;  // likewise, in a forked child

void report_failed_call(const char* kind) noexcept {
  const std::string text = describe_current_exception();
  std::fprintf(stderr, "Exception ignored in %s:\n%s", kind, text.c_str());
}

void run_reporting(const std::function<void()>& body, const char* kind) noexcept {
  try {
    body();
  } catch (...) {
    report_failed_call(kind);
  }
}

CallId add(ExitCall call) {
  const std::scoped_lock lock(process_mutex());
  call.id = ++calls->last_id;
  calls->list.push_back(std::move(call));
  return calls->last_id;
}

bool is_ours(const ExitCall& call) {
  return call.owner == 0 || call.owner == current_pid();
}

std::vector<ExitCall>::iterator find(CallId id) {
  auto& list = calls->list;
  const auto found =
      std::find_if(list.begin(), list.end(), [id](const ExitCall& call) { return call.id == id; });
  return found != list.end() && is_ours(*found) ? found : list.end();
}

std::optional<ExitCall> take(CallId id) {
  const std::scoped_lock lock(process_mutex());
  const auto found = find(id);
  if (found == calls->list.end()) {
    return std::nullopt;
  }
  ExitCall taken = std::move(*found);
  calls->list.erase(found);
  return taken;
}

/// The exit call that comes next; looked for anew each time, as calls may register and cancel.
std::optional<ExitCall> take_next(int lowest_priority) {
  const std::scoped_lock lock(process_mutex());
  auto& list = calls->list;
  auto next = list.end();
  for (auto call = list.begin(); call != list.end(); ++call) {
    const bool due = call->owner == current_pid() && call->priority >= lowest_priority;
    if (due && (next == list.end() || call->priority >= next->priority)) {
      next = call;
    }
  }
  if (next == list.end()) {
    return std::nullopt;
  }
  ExitCall taken = std::move(*next);
  list.erase(next);
  return taken;
}

void run_exit_calls(int lowest_priority) noexcept {
  while (const auto call = take_next(lowest_priority)) {
    run_reporting(call->body, "an exit call");
  }
}

void tell_exit_code(int code) {
  if (const Ticket place = this_process()->ticket) {
    set_exit_code(place, code);
  }
}

constinit std::atomic<int> ending_process{0};    // pid, once its exit steps have begun
constinit std::atomic<int> thread_that_ends{0};  // which runs them

bool begin_exit_steps() {
  const std::scoped_lock lock(process_mutex());
  if (std::exchange(calls->done_in, current_pid()) == current_pid()) {
    return false;
  }
  thread_that_ends.store(os::current_thread_number());
  ending_process.store(current_pid());
  return true;
}

}  // namespace

CallId add_exit_call(std::function<void()> call, int priority) {
  arrange_exit_steps();
  return add({0, current_pid(), priority, std::move(call)});
}

void LastExitCall::arrange() {
  if (process_.exchange(current_pid()) != current_pid()) {
    add_exit_call(call_, INT_MIN);
  }
}

CallId add_fork_call(std::function<void()> call) {
  return add({0, 0, 0, std::move(call)});
}

bool has_call(CallId id) {
  const std::scoped_lock lock(process_mutex());
  return find(id) != calls->list.end();
}

bool cancel_call(CallId id) {
  return take(id).has_value();
}

bool run_call(CallId id) {
  const auto call = take(id);
  if (call) {
    call->body();
  }
  return call.has_value();
}

void arrange_exit_steps() {
  const std::scoped_lock lock(process_mutex());
  if (std::exchange(calls->arranged_in, current_pid()) == 0) {
    std::atexit([] { run_exit_steps(); });
  }
}

void run_exit_steps(std::optional<int> code) noexcept {
  if (!begin_exit_steps()) {
    return;
  }
  log(INFO, "process shutting down");
  run_exit_calls(0);
  run_reporting(terminate_daemons, "the termination of daemons");
  run_reporting(join_children, "the wait for children");
  run_exit_calls(INT_MIN);
  if (code) {
    tell_exit_code(*code);
  }
  leave_participant();
}

void stay_if_process_ends() noexcept {
  const bool ends = ending_process.load() == current_pid() &&
                    thread_that_ends.load() != os::current_thread_number();
  while (ends && os::on_main_thread()) {
    std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

void run_fork_calls() noexcept {
  std::vector<ExitCall> due;
  {
    const std::scoped_lock lock(process_mutex());
    auto& list = calls->list;
    if (list.empty()) {
      return;
    }
    const auto foreign = std::stable_partition(list.begin(), list.end(), is_ours);
    // What the parent's calls hold is not destroyed either: it may be a file that goes with it.
    std::move(foreign, list.end(), std::back_inserter(*parents_calls));
    list.erase(foreign, list.end());
    due = list;
  }
  for (const ExitCall& call : due) {
    run_reporting(call.body, "an after-fork call");
  }
}

}  // namespace multiprocess::detail
