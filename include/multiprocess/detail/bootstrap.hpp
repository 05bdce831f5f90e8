// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/callable.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/logging.hpp>
#include <multiprocess/start_method.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace multiprocess::detail {

/// What a child that is no copy has to be told; Python's preparation data.
struct Preparation {
  std::string class_name;
  std::string name;
  std::string identity;
  bool daemon = false;
  std::vector<std::byte> key;
  std::string parent_name;
  int parent_pid = 0;
  std::optional<StartMethod> method;
  std::string directory;
  LoggingState logging;
};

/// A message in the arena for a child that is no copy of us: who it is, what it has to know, and
/// its work, a Job that `save_work` writes. It belongs to `child`. What does not travel as bytes is
/// added to `beside`.
///
/// Throws NotSendable when the work cannot cross.
Offset pack_start(const ProcessRecord& record, const std::function<void(OutputArchive&)>& save_work,
                  Ticket child, Outgoing& beside);

/// The work in such a message. `begin` is told who the child is to be, before the work is decoded.
/// Throws ValueError when the message is damaged, TypeError when it is of another build.
Job read_start(Bytes message, const std::function<void(Preparation&&)>& begin);

/// What is written for an exception that ends this process, from `describe_current_exception`.
void print_uncaught(const std::string& description) noexcept;

/// Writes out what this process has buffered. Files that the program has opened are left out while
/// another of its threads may be inside of one, where it could wait for ever, and by a child whose
/// parent has left them out: it would write what the parent will write.
void flush_output() noexcept;

/// What a child that is a copy of its parent is to be; made before the fork, since a child pays for
/// each page of memory that it changes.
struct Birth {
  std::shared_ptr<ProcessRecord> record;
  std::shared_ptr<ParentRecord> parent;
  Ticket ticket;
};
Birth prepare_birth(const std::shared_ptr<ProcessRecord>& record, Ticket ticket);

/// The life of such a child, up to its exit code: it becomes the record's process, does `work`,
/// goes through the exit steps. `life_line` is the parent's.
int live_as_copy(const Birth& birth, os::Handle life_line,
                 const std::function<void()>& work) noexcept;

/// The same for a child that got the message `payload`, when it has entered the arena and follows
/// its parent already.
int live_from_message(Ticket ticket, Offset payload, std::vector<os::Handle> descriptors,
                      os::Handle life_line) noexcept;

}  // namespace multiprocess::detail
