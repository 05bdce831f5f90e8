// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/acceptor.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace multiprocess::detail {

/// What one process accepts with, any number of its threads at once. A forked child makes its own,
/// as it must not touch the handshakes of its parent.
class AcceptTurns {
 public:
  AcceptTurns(std::shared_ptr<const os::Handle> socket, Acceptor::Rules rules);

  /// False in a forked child.
  bool is_ours() const noexcept;
  os::NativeHandle handle() const noexcept { return acceptor_.handle(); }

  /// Waits for the next one whose handshake is done. Throws AuthenticationError when one fails,
  /// TimeoutError, std::system_error, also once it is closed.
  Acceptor::Admitted accept(os::Deadline deadline);
  void close() noexcept;

  /// Throws std::system_error (bad_file_descriptor).
  [[noreturn]] static void throw_closed();

 private:
  class Turn;

  const int owner_;
  const std::shared_ptr<const os::Handle> socket_;
  Acceptor acceptor_;
  std::mutex mutex_;
  std::condition_variable freed_;
  bool is_busy_ = false;
  std::atomic<bool> is_closed_{false};
};

}  // namespace multiprocess::detail
