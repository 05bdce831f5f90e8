// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/detail/manager_place.hpp>
#include <multiprocess/detail/manager_start.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/start_method.hpp>
#include <multiprocess/timeout.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace multiprocess::detail {

/// What a manager object is: where its server is met, and in the process that started it the
/// server's process.
class ManagerState {
 public:
  /// Throws ValueError for an empty key.
  ManagerState(ManagerPlace place, std::optional<StartMethod> start_method);

  /// Starts the server and waits until it is open; `class_name` names its process.
  void start(std::string_view class_name, Job initializer);
  void connect();
  void shutdown();
  /// The destructor of the manager.
  void shut_down_if_ours() noexcept;
  void disconnect() noexcept;
  bool join(Timeout timeout);
  /// What a server needs that runs here.
  ServingPlace begin_serving();
  /// Where the server is met from outside. None, before start(), where it was not told.
  Address address() const;

  /// Where the server is met. Throws AssertionError unless there is one.
  Desk& open_desk() const;
  /// A call of the server itself.
  ProxyCall call(ManagerMethod method) const { return {open_desk(), method}; }

 private:
  enum class Stage { initial, started, shut_down };

  void require_initial() const;
  Key key() const;
  void wait_until_open(Process& server);
  void end_process();
  bool is_ours() const;
  Desk& desk() const noexcept { return desk_at(desk_); }

  mutable ThreadLock mutex_;
  ManagerPlace place_;
  std::optional<StartMethod> start_method_;
  Stage stage_ = Stage::initial;
  SharedRef desk_;
  std::shared_ptr<const ManagerSocket> socket_;
  std::optional<Process> process_;
  int starter_ = 0;  // pid of the process that started it
  CallId exit_call_ = 0;
};

}  // namespace multiprocess::detail
