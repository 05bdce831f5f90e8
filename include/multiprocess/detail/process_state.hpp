// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/kept_handle.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/detail/thread_lock.hpp>
#include <multiprocess/start_method.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace multiprocess::detail {

/// Bytes that core dumps leave out, and that are overwritten when they go.
class Secret {
 public:
  explicit Secret(std::span<const std::byte> bytes);
  ~Secret();
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  std::size_t size_;
  std::byte* data_;
};

/// What one process knows of one process: of itself, or of one that it made. All members are
/// guarded by `process_mutex`, except those that never change.
struct ProcessRecord {
  std::string class_name = "Process";
  std::string name;
  std::string identity;  ///< "1:2": the second child of the first child; empty for the root
  int creator = 0;       ///< pid of the process that made it
  bool daemon = false;
  bool may_have_children = false;  ///< although it is a daemon: a pool's worker
  bool outlive_parent = false;
  std::optional<StartMethod> start_method;
  std::shared_ptr<const Secret> authkey;

  bool starting = false;
  bool started = false;
  bool closed = false;
  int pid = 0;
  std::shared_ptr<const os::Handle> sentinel;
  std::shared_ptr<const KeptHandle> status;  ///< of a child of the fork server: tells the exit code
  Ticket ticket;
  std::optional<int> exitcode;
};

/// The process that started this one.
struct ParentRecord {
  std::string name;
  int pid = 0;
  os::Handle life_line;  ///< readable once it has ended
};

/// Guards the records, and is taken around every fork. Never held while waiting.
ThreadLock& process_mutex();

/// Of threads that start the same process at the same time, one does: the others throw
/// AssertionError.
class Starting {
 public:
  explicit Starting(ProcessRecord& record);
  ~Starting();
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;

 private:
  ProcessRecord& record_;
};

/// This process's own record; in a process that nobody of this library started, MainProcess.
std::shared_ptr<ProcessRecord> this_process();

/// Null in the root.
std::shared_ptr<const ParentRecord> parent_record();

/// First step of a child: it is `own`, and `parent` made it.
void become(std::shared_ptr<ProcessRecord> own, std::shared_ptr<ParentRecord> parent);

/// A process to be made by this one, with the next identity, and what children inherit.
std::shared_ptr<ProcessRecord> make_record(std::string_view class_name);

/// The count of processes made here, for those who make one that does not count.
unsigned processes_made();
void set_processes_made(unsigned count);

/// The method that the program has chosen, if it has.
std::optional<StartMethod> chosen_start_method();
void choose_start_method(std::optional<StartMethod> method);

/// The chosen method; when there is none yet, the default is it from now on.
StartMethod fixed_start_method();

/// True from the start of a spawned program until its child's work begins: it may not start any.
bool in_bootstrap() noexcept;
void set_in_bootstrap(bool value) noexcept;

/// Whether this process may start others although it is a daemon: a pool's worker may.
bool may_have_children();
void allow_children();

std::string current_process_name();
/// Python's name of the calling thread's kind: MainThread or Thread-<number>.
std::string current_thread_label();
int current_pid() noexcept;

}  // namespace multiprocess::detail
