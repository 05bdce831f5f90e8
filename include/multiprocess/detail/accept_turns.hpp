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
  /// Where other processes accept at the socket, too, `hall` is theirs as well.
  AcceptTurns(std::shared_ptr<const os::Handle> socket, Acceptor::Rules rules,
              std::shared_ptr<const Hall> hall = nullptr);
  /// What handshakes are under way are left to the other processes.
  ~AcceptTurns();
  AcceptTurns(const AcceptTurns&) = delete;
  AcceptTurns& operator=(const AcceptTurns&) = delete;

  /// False in a forked child.
  bool is_ours() const noexcept;
  os::NativeHandle handle() const noexcept { return acceptor_.handle(); }

  /// Waits for the next one whose handshake is done; a bit longer for one who was told already that
  /// he is in. The other handshakes are left to the other processes meanwhile. Throws
  /// AuthenticationError when one fails, TimeoutError, std::system_error, also once it is closed.
  Admitted accept(os::Deadline deadline);
  void close() noexcept;

  /// Leaves them to the others now, unless a thread is in accept().
  void hand_on() noexcept;

  /// In a forked child: closes what it has of it. A thread of the parent that is in accept() would
  /// keep it open here, where it does not run.
  void abandon() noexcept;

  /// Throws std::system_error (bad_file_descriptor).
  [[noreturn]] static void throw_closed();

 private:
  class Turn;

  const int owner_;
  std::shared_ptr<const os::Handle> socket_;
  Acceptor acceptor_;
  std::mutex mutex_;
  std::condition_variable freed_;
  int takers_ = 0;  // threads in accept()
  bool is_busy_ = false;
  std::atomic<bool> is_closed_{false};
};

}  // namespace multiprocess::detail
