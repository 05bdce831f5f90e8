// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/poller.hpp>

#include "overlapped.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace multiprocess::detail::os {

/// What one wait waits for. The system has no wait for all kinds of handles: what is no object that
/// can be waited for itself has an operation begun that ends when it is ready.
class Readiness {
 public:
  using Interest = Poller::Interest;

  struct Found {
    std::size_t key;  ///< what it was watched with
    bool readable;
    bool writable;
  };

  Readiness() = default;
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness();

  /// Of a number that means nothing it is found that it is ready, as the use of it would not wait.
  void watch(NativeHandle handle, Interest interest, std::size_t key);
  void watch_object(HANDLE object, Found found);
  /// The wait ends when that is set, without anything that is ready.
  void end_with(HANDLE event) { alarms_.push_back(event); }
  /// Lives until the wait is over.
  void keep(std::shared_ptr<const void> thing) { kept_.push_back(std::move(thing)); }

  /// Those that are ready; perhaps none, also before the deadline. Once.
  std::span<const Found> wait(Deadline deadline);

 private:
  struct Pipe {
    HANDLE handle;
    std::size_t key;
    OVERLAPPED overlapped{};
  };
  struct Object {
    HANDLE handle;
    Found found;
    bool is_set = false;  ///< the system may say so only once
  };
  struct Wanted {
    SOCKET socket;
    Interest interest;
    std::size_t key;
  };

  void watch_write(NativeHandle handle, std::size_t key);
  void look();
  void look_at(std::span<Object> objects);
  void note_objects();
  void begin();
  void begin_sockets();
  bool poll_sockets(LONGLONG patience);
  void sleep(Deadline deadline);
  bool sleep_for_few(Deadline deadline);
  bool sleep_for_many(Deadline deadline);
  void end();
  void note_sockets();
  bool any_is_over() const noexcept;

  HANDLE event_ = nullptr;
  std::vector<Pipe> pipes_;
  std::vector<Object> objects_;
  std::vector<HANDLE> alarms_;
  std::vector<Wanted> sockets_;
  std::unordered_map<SOCKET, std::size_t> place_;  // in the request
  std::vector<std::byte> request_;                 // to the system, about all sockets
  OVERLAPPED sockets_overlapped_{};
  bool sockets_begun_ = false;
  std::vector<std::shared_ptr<const void>> kept_;
  std::vector<Found> found_;
};

/// Waits for one handle; false at the deadline. Throws std::system_error when it is closed.
bool wait_ready(NativeHandle handle, Poller::Interest interest, Deadline deadline);

}  // namespace multiprocess::detail::os
