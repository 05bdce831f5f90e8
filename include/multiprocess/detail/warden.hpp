// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/participants.hpp>

#include <functional>

namespace multiprocess::detail {

/// Lets the warden, a thread of this process, note the end of a child whose process handle this is.
/// The thread starts with the second child, or when somebody here goes to sleep and there is one.
/// Throws std::system_error for want of a descriptor: then the child is not watched.
void watch_child(Ticket child, os::NativeHandle process);
void unwatch_child(Ticket child) noexcept;

/// Called before a thread sleeps: from now on deaths of children are noticed. False when they are
/// not, for want of a thread or a descriptor: then only the sleep's own backstop is left.
bool watch_children_now() noexcept;

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

/// While one exists, one more thread counts as the library's own.
class LibraryThread {
 public:
  LibraryThread() noexcept;
  ~LibraryThread();
  LibraryThread(const LibraryThread&) = delete;
  LibraryThread& operator=(const LibraryThread&) = delete;
};

/// A thread of the library's own, that counts as such before it begins. Throws std::system_error.
void start_library_thread(std::function<void()> body);

/// Threads of the library's own in this process: they do not count as the user's.
int library_threads() noexcept;

}  // namespace multiprocess::detail
