// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/participants.hpp>

namespace multiprocess::detail {

/// Lets the warden, a thread of this process, note the end of a child whose process handle this is.
/// The thread starts with the second child, or when somebody here goes to sleep and there is one.
void watch_child(Ticket child, os::NativeHandle process);
void unwatch_child(Ticket child) noexcept;

/// Called before a thread sleeps: from now on deaths of children are noticed.
void watch_children_now() noexcept;

/// Who is told of every end of a child of this process, soon after it, by whoever notices that.
class EndListener {
 public:
  virtual void child_ended() noexcept = 0;

 protected:
  ~EndListener() = default;
};
void listen_for_ends(EndListener& listener);
void stop_listening(EndListener& listener) noexcept;
void tell_listeners() noexcept;

/// While one exists, the calling thread counts as one of the library's own.
class LibraryThread {
 public:
  LibraryThread() noexcept;
  ~LibraryThread();
  LibraryThread(const LibraryThread&) = delete;
  LibraryThread& operator=(const LibraryThread&) = delete;
};

/// Threads of the library's own in this process: they do not count as the user's.
int library_threads() noexcept;

}  // namespace multiprocess::detail
