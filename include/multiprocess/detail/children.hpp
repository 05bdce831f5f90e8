// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/detail/process_state.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace multiprocess::detail {

/// From now on `record` is a running child of this process, kept until its end is taken note of.
/// `status` is where the fork server tells the exit code of a process that is its own child.
void add_child(const std::shared_ptr<ProcessRecord>& record, os::Started started, Ticket ticket,
               os::Handle status = {});

/// The children that run, in the order of their start; the ended ones are forgotten.
std::vector<std::shared_ptr<ProcessRecord>> live_children();

/// Waits for the end; nothing when `deadline` comes first. 255 when nobody knows the exit code.
std::optional<int> wait_child(const std::shared_ptr<ProcessRecord>& record, os::Deadline deadline);

/// Whether the process itself has ended, not only what it does; also when somebody has closed its
/// sentinel, as programs do that become daemons.
bool is_gone(ProcessRecord& process, os::Deadline deadline = os::at_once) noexcept;

/// Its exit code if it is gone; takes a moment when somebody else has still to tell it.
std::optional<int> code_if_gone(const std::shared_ptr<ProcessRecord>& process);

/// Sends a signal to a child; does nothing when it has ended.
void signal_child(const std::shared_ptr<ProcessRecord>& record, os::Signal signal);

/// The two steps of an ending process that concern its children.
void terminate_daemons();
void join_children();

}  // namespace multiprocess::detail
