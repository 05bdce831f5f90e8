// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/program.hpp>

namespace multiprocess::detail::os {

/// Starts a program that becomes a daemon, a process that is nobody's child and does not end with
/// its starter. Waits until it is ready; false when it ended before that.
///
/// Throws as start_program does.
bool start_daemon(const Program& program);

/// What is to be called by the program, before it has made any thread: goes on as the daemon, alone
/// in its session, with nothing on its standard streams, in the root folder, deaf to requests to
/// end. It is ready when it gives what this returns to `daemon_is_ready`.
///
/// Throws std::system_error.
Handle become_daemon();
void daemon_is_ready(Handle waiting);

}  // namespace multiprocess::detail::os
