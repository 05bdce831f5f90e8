// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/manager_state.hpp>

#include <multiprocess/connection_options.hpp>
#include <multiprocess/detail/link.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <system_error>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr std::chrono::seconds patience{1};

/// "Process-1:2" becomes "SyncManager-1:2".
std::string name_of_server(std::string_view class_name, const std::string& process_name) {
  return fmt::format("{}{}", class_name, process_name.substr(process_name.rfind('-')));
}

bool is_opening(const Desk& desk) noexcept {
  return desk.state.load(std::memory_order_acquire) == Desk::opening;
}

}  // namespace

ManagerState::ManagerState(ManagerPlace place, std::optional<StartMethod> start_method)
    : place_(std::move(place)), start_method_(start_method) {
  if (place_.key) {
    require_key(*place_.key);
  }
}

void ManagerState::require_initial() const {
  if (stage_ == Stage::started) {
    throw ProcessError("Already started server");
  }
  if (stage_ == Stage::shut_down) {
    throw ProcessError("Manager has shut down");
  }
}

void ManagerState::start(std::string_view class_name, Job initializer) {
  const std::scoped_lock lock(mutex_);
  require_initial();
  SharedRef desk = make_desk();
  ManagerStart orders;
  orders.desk = DeskHandle(desk);
  orders.place = place_;
  orders.types = registered_types();
  orders.initializer = std::make_shared<Job>(std::move(initializer));
  ProcessOptions options;
  options.start_method = start_method_;
  Process server(std::move(options), std::move(orders));
  server.set_name(name_of_server(class_name, server.name()));
  server.start();
  desk_ = std::move(desk);
  try {
    wait_until_open(server);
  } catch (...) {
    server.kill();
    server.join();
    desk_ = {};
    throw;
  }
  process_ = std::move(server);
  starter_ = current_pid();
  stage_ = Stage::started;
  exit_call_ = add_exit_call([this] { shut_down_if_ours(); }, 0);
}

void ManagerState::wait_until_open(Process& server) {
  Desk& shared = desk();
  wait_until(shared.changed, os::never,
             [&] { return !is_opening(shared) || server.join(std::chrono::seconds::zero()); });
  if (!shared.is_open()) {
    server.join();
    throw EOFError(fmt::format("the manager's server ended before it was open: its exit code is {}",
                               server.exitcode().value_or(255)));
  }
}

void ManagerState::connect() {
  const std::scoped_lock lock(mutex_);
  if (stage_ != Stage::initial) {
    return;
  }
  const bool is_served_here = desk_ && !has_ended(desk()) && desk().is_open();
  if (!is_served_here && place_.address == Address()) {
    throw std::system_error(std::make_error_code(std::errc::connection_refused),
                            "no server runs for this manager, and it has no address of one");
  }
  if (!is_served_here) {
    SharedRef desk = link_desk({place_.address, key()});
    keep_link(desk, true);
    desk_ = std::move(desk);
  }
  stage_ = Stage::started;
}

Key ManagerState::key() const {
  return place_.key ? *place_.key : Key(current_process().authkey());
}

void ManagerState::disconnect() noexcept {
  const std::scoped_lock lock(mutex_);
  if (desk_ && desk().is_linked() && std::exchange(stage_, Stage::shut_down) == Stage::started) {
    keep_link(desk_, false);
  }
}

Address ManagerState::address() const {
  const std::scoped_lock lock(mutex_);
  return desk_ && desk().place.load() != 0 ? place_of(desk()).address : place_.address;
}

ServingPlace ManagerState::begin_serving() {
  const std::scoped_lock lock(mutex_);
  require_initial();
  if (!socket_) {
    auto socket = std::make_shared<const ManagerSocket>(place_.address);
    desk_ = make_desk();
    set_place(desk(), {socket->address(), {}});
    socket_ = std::move(socket);
  }
  return {desk_, socket_, key()};
}

Desk& ManagerState::open_desk() const {
  const std::scoped_lock lock(mutex_);
  if (stage_ == Stage::initial) {
    throw AssertionError("server not yet started");
  }
  if (stage_ == Stage::shut_down) {
    throw AssertionError("the manager has shut down");
  }
  return desk();
}

bool ManagerState::is_ours() const {
  return process_ && starter_ == current_pid();
}

void ManagerState::shutdown() {
  if (const std::scoped_lock lock(mutex_); !process_) {
    throw AttributeError("the manager has no server of its own: shutdown() is for who started it");
  }
  shut_down_if_ours();
}

void ManagerState::shut_down_if_ours() noexcept {
  const std::scoped_lock lock(mutex_);
  if (!is_ours() || std::exchange(stage_, Stage::shut_down) != Stage::started) {
    return;
  }
  cancel_call(exit_call_);
  try {
    ask_to_shut_down(desk());
    end_process();
    clear_after_server(desk());
  } catch (...) {  // nobody can tell whether it runs: its parent's end ends it
  }
}

void ManagerState::end_process() {
  if (!process_->join(patience)) {
    process_->terminate();
    if (!process_->join(patience)) {
      process_->kill();
      process_->join();
    }
  }
}

bool ManagerState::join(Timeout timeout) {
  return !process_ || process_->join(timeout);
}

}  // namespace multiprocess::detail
