// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/authentication.hpp>
#include <multiprocess/detail/acceptor.hpp>
#include <multiprocess/detail/manager_server.hpp>
#include <multiprocess/detail/manager_socket.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/poller.hpp>
#include <multiprocess/detail/remote_session.hpp>

#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>

namespace multiprocess::detail {

/// Lets programs outside of the tree in, who have the key, and has their calls served. One thread,
/// however many they are: who asks nothing costs memory only.
class Gateway {
 public:
  /// Both are there until it goes.
  Gateway(ManagerServer& server, const ManagerSocket& socket, Key key);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

 private:
  using Sessions = std::unordered_map<std::uint64_t, std::shared_ptr<RemoteSession>>;

  void serve() noexcept;
  void serve_round();
  void serve(const os::Poller::Event& event);
  void accept();
  void end(Sessions::iterator session) noexcept;

  ManagerServer& server_;
  Acceptor acceptor_;
  os::Poller poller_;
  std::pair<os::Handle, os::Handle> bell_;
  LoansByTree trees_;
  Sessions sessions_;
  std::uint64_t last_tag_;
  bool stopping_ = false;
  bool has_answered_ = false;  // in this round
  std::thread thread_;
};

}  // namespace multiprocess::detail
