// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/handle.hpp>

#include <optional>
#include <string>

namespace multiprocess::detail::os {

/// A process that this one has just started.
struct Started {
  int pid = 0;
  Handle sentinel;  ///< Readable (POSIX) or signalled (Windows) once the process has ended.
};

/// True where a process can be copied.
bool can_fork() noexcept;

/// Copies this process. In the copy `pid` is 0 and `sentinel` is the life line of the original.
///
/// Throws std::system_error; nothing was started then.
Started fork_process();

/// Waits until the process has ended; false when `deadline` comes first.
bool wait_ended(NativeHandle sentinel, Deadline deadline);

/// False when the number is no sentinel any more: somebody closed it behind our back.
bool is_sentinel(NativeHandle sentinel) noexcept;

/// A sentinel of the calling process. Throws std::system_error.
Handle own_sentinel();

/// The exit code (-signal, 0, n) of a child that has ended; forgets the child.
///
/// Nothing when the system does not tell, as when the user has it ignore SIGCHLD.
std::optional<int> take_exit_code(NativeHandle sentinel) noexcept;

enum class Signal { interrupt, terminate, kill };

/// Sends it; to a process that has ended, does nothing. Throws std::system_error.
void send_signal(NativeHandle sentinel, Signal signal);

/// `SIGTERM` for 15; the number as text when it has no name.
std::string signal_name(int number);

/// What lists of processes show; empty: the program's name.
void show_as(const std::string& name) noexcept;

/// Lets Ctrl-C pass this process by, which has one thread, or act as it did before; a process that
/// was forked meanwhile gets then what came since its birth.
void hold_interrupt(bool hold) noexcept;

/// Of a process that lets Ctrl-C pass: what has come until now did not concern it.
void forget_interrupt() noexcept;

/// From now on Ctrl-C does not concern this process; other signals reach it, whatever the thread
/// held back that started it.
void ignore_interrupt() noexcept;

/// From now on what this process prints goes there. Throws std::system_error.
void print_to(NativeHandle output, NativeHandle errors);

/// A handle that is readable once this process has ended, for its children; the same all its life,
/// unless somebody closes it: then those children are killed that follow it.
NativeHandle life_line();

/// The first step of a child: nothing comes from its standard input any more, and unless it is to
/// `outlive` its parent it is killed when that ends. Returns the life line, to be kept open.
Handle enter_child(Handle life_line, bool outlive);

/// Writes out what this process has buffered for its standard streams, but for those that another
/// thread is using; with `files` also for whatever the program has opened, and then waits for
/// threads that are inside of one.
void flush_streams(bool files) noexcept;

/// Ends this process without any further step.
[[noreturn]] void end_process(int code) noexcept;

}  // namespace multiprocess::detail::os
