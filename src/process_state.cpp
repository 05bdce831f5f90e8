// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/process_state.hpp>

#include <multiprocess/detail/lasting.hpp>
#include <multiprocess/detail/os/around_fork.hpp>
#include <multiprocess/detail/os/hmac.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/os/random.hpp>
#include <multiprocess/detail/os/secret_memory.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr std::size_t key_size = 32;

struct State {
  std::shared_ptr<ProcessRecord> own;
  std::shared_ptr<ParentRecord> parent;
  std::shared_ptr<ProcessRecord> former_own;
  std::shared_ptr<ParentRecord> former_parent;
  unsigned made = 0;
  std::optional<StartMethod> method;
};

constinit ThreadLock mutex;
constinit std::atomic<bool> bootstrapping{false};

// Beside the mutex that guards it: one page less for a forked child to change.
constinit Lasting<State> state;
constinit os::AroundFork whole_at_forks =
    os::held_around_forks<mutex>(os::AroundFork::Nesting::outer);
[[maybe_unused]] const bool before_main = whole_at_forks.begin();

std::shared_ptr<const Secret> random_key() {
  std::array<std::byte, key_size> bytes;
  os::fill_random(bytes);
  auto key = std::make_shared<const Secret>(bytes);
  os::wipe(bytes);
  return key;
}

ProcessRecord& own_record(State& now) {
  if (now.own == nullptr) {
    now.own = std::make_shared<ProcessRecord>();
    now.own->class_name = "_MainProcess";
    now.own->name = "MainProcess";
    now.own->authkey = random_key();
  }
  return *now.own;
}

}  // namespace

Secret::Secret(std::span<const std::byte> bytes)
    : size_(bytes.size()), data_(os::take_secret_memory(size_)) {
  std::copy(bytes.begin(), bytes.end(), data_);
}

Secret::~Secret() {
  os::give_back_secret_memory(data_, size_);
}

ThreadLock& process_mutex() {
  return mutex;
}

Starting::Starting(ProcessRecord& record) : record_(record) {
  const std::scoped_lock lock(process_mutex());
  if (record.started || record.starting) {
    throw AssertionError("cannot start a process twice");
  }
  record.starting = true;
}

Starting::~Starting() {
  const std::scoped_lock lock(process_mutex());
  record_.starting = false;
}

std::shared_ptr<ProcessRecord> this_process() {
  const std::scoped_lock lock(process_mutex());
  own_record(*state);
  return state->own;
}

std::shared_ptr<const ParentRecord> parent_record() {
  const std::scoped_lock lock(process_mutex());
  return state->parent;
}

void become(std::shared_ptr<ProcessRecord> own, std::shared_ptr<ParentRecord> parent) {
  const std::scoped_lock lock(process_mutex());
  State& now = *state;
  // Not freed: that would change more of the memory that a forked child shares with its parent.
  now.former_own = std::exchange(now.own, std::move(own));
  now.former_parent = std::exchange(now.parent, std::move(parent));
  if (now.former_parent.use_count() == 1) {
    now.former_parent->life_line.reset();
  }
  now.made = 0;
}

std::shared_ptr<ProcessRecord> make_record(std::string_view class_name) {
  auto record = std::make_shared<ProcessRecord>();
  const std::scoped_lock lock(process_mutex());
  State& now = *state;
  const ProcessRecord& own = own_record(now);
  record->class_name = class_name;
  record->identity = own.identity.empty() ? "" : own.identity + ":";
  record->identity += std::to_string(++now.made);
  record->name = record->class_name + "-" + record->identity;
  record->creator = current_pid();
  record->daemon = own.daemon;
  record->authkey = own.authkey;
  return record;
}

unsigned processes_made() {
  const std::scoped_lock lock(process_mutex());
  return state->made;
}

void set_processes_made(unsigned count) {
  const std::scoped_lock lock(process_mutex());
  state->made = count;
}

std::optional<StartMethod> chosen_start_method() {
  const std::scoped_lock lock(process_mutex());
  return state->method;
}

void choose_start_method(std::optional<StartMethod> method) {
  const std::scoped_lock lock(process_mutex());
  state->method = method;
}

StartMethod fixed_start_method() {
  const std::scoped_lock lock(process_mutex());
  std::optional<StartMethod>& method = state->method;
  if (!method) {
    method = os::can_fork() ? StartMethod::fork : StartMethod::spawn;
  }
  return *method;
}

bool in_bootstrap() noexcept {
  return bootstrapping.load(std::memory_order_relaxed);
}

void set_in_bootstrap(bool value) noexcept {
  bootstrapping.store(value, std::memory_order_relaxed);
}

bool may_have_children() {
  const std::scoped_lock lock(process_mutex());
  return own_record(*state).may_have_children;
}

void allow_children() {
  const std::scoped_lock lock(process_mutex());
  own_record(*state).may_have_children = true;
}

std::string current_process_name() {
  const auto own = this_process();
  const std::scoped_lock lock(process_mutex());
  return own->name;
}

std::string current_thread_label() {
  return os::on_main_thread() ? "MainThread"
                              : "Thread-" + std::to_string(os::current_thread_number());
}

int current_pid() noexcept {
  return os::current_pid();
}

}  // namespace multiprocess::detail
