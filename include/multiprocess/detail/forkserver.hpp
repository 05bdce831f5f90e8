// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/kept_handle.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace multiprocess::detail {

/// What the fork server is asked for: a child that begins its life with the message `payload`.
struct ServerOrder {
  Ticket ticket;
  Offset payload = 0;
  bool outlive_parent = false;
  std::span<const os::NativeHandle> descriptors = {};
};

/// A child of the fork server, which tells its exit code through `reports`.
struct ServedChild {
  os::Started started;
  os::Handle reports;
};

/// Starts the server at the first use, and anew when it has died.
///
/// Throws std::system_error, also when the server could not fork; ValueError for too many
/// descriptors.
ServedChild start_from_server(const ServerOrder& order);

/// Shared libraries that the next server loads before it forks.
void set_server_preload(std::vector<std::string> libraries);

/// The way to the server, for a child to share it; no_handle when there is none.
os::NativeHandle server_channel();
void adopt_server_channel(os::Handle channel);

/// Ends the server if this process started it, and forgets the way to it.
void stop_server();

/// A copy of this process as it is now, with one thread, that forks copies of itself on request: so
/// a process with threads can have children that inherit no lock which a thread held.
class ForkTemplate {
 public:
  /// Throws std::system_error, and RuntimeError as reserve_participant does.
  ForkTemplate();
  ~ForkTemplate();
  ForkTemplate(const ForkTemplate&) = delete;
  ForkTemplate& operator=(const ForkTemplate&) = delete;

  /// Throws std::system_error: no_child_process when the copy has died, is to end, or somebody has
  /// closed the way to it.
  ServedChild start(const ServerOrder& order);

  /// When it was made, as reserve_participant_born counts.
  std::uint64_t born() const noexcept { return born_; }

  /// Without waiting for its end, as the destructor does.
  void begin_end() noexcept;

 private:
  void end() noexcept;

  Ticket place_;
  std::uint64_t born_;
  os::Started process_;
  KeptHandle channel_;
};

/// The life of the server itself: until every process that could ask it has ended.
[[noreturn]] void serve_forks(os::Handle channel) noexcept;

}  // namespace multiprocess::detail
