// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/warden.hpp>
#include <multiprocess/manager.hpp>

#include "support/arena_use.hpp"
#include "support/start_methods.hpp"

#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace multiprocess::test {

/// A suite whose managers' servers, like its processes, start with each start method.
class Managers : public StartMethods {
 protected:
  SyncManager manager() const { return started(GetParam()); }

  static SyncManager started(StartMethod method) {
    SyncManager manager(ManagerOptions{.start_method = method});
    manager.start();
    return manager;
  }
};

/// The same with a manager for each test, started before it.
class OneManager : public Managers {
 protected:
  SyncManager& manager() { return manager_; }

 private:
  SyncManager manager_ = started(GetParam());
};

/// Whoever has it connects to the managers of ConnectedManagers.
inline constexpr const char* managers_key = "the key of the test";

/// Managers to which programs connect, as any does that knows address and key.
class ConnectedManagers : public Managers {
 protected:
  SyncManager served(Address address = {}) const {
    SyncManager manager(ManagerOptions{
        .start_method = GetParam(), .address = std::move(address), .authkey = managers_key});
    manager.start();
    return manager;
  }

  static SyncManager connected(const Address& server) {
    SyncManager client(server, managers_key);
    client.connect();
    return client;
  }
  static SyncManager connected(const SyncManager& server) { return connected(server.address()); }
};

/// What `str` gives of a proxy, a value or a place in one.
template <class T>
std::string shown(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

/// A suite with one server for all of its tests.
class WithManager : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    manager_.emplace(ManagerOptions{.start_method = tested_start_methods().front()});
    manager_->start();
    detail::watch_children_now();  // the thread that does is none that a test leaves behind
  }
  static void TearDownTestSuite() { manager_.reset(); }

  static const SyncManager& manager() { return *manager_; }

 private:
  static inline std::optional<SyncManager> manager_;
};

}  // namespace multiprocess::test
