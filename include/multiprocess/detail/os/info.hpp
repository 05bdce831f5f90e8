// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace multiprocess::detail::os {

/// The running program's file. Throws std::system_error.
std::string executable_path();

/// The first words of the command line: the program's name as it was called, and argument 1. Empty
/// when there is none.
std::string program_name();
std::string first_argument();

int current_pid() noexcept;

/// The folder in which relative paths begin; empty when it is gone.
std::string current_directory();
/// False when there is no such folder.
bool change_directory(const std::string& path) noexcept;

/// How many threads may run at once: the CPUs that this process is allowed, and not more than its
/// share of their time (cgroups), rounded up. At least 1.
///
/// `system_root` is where the system's own files are looked up.
int usable_cpu_count(const std::string& system_root = "/");

/// The CPUs of the machine. At least 1.
int hardware_cpu_count() noexcept;

/// Keeps the calling thread, and what it starts, on one of the machine's CPUs. Throws
/// std::system_error when there is no such CPU or this process may not use it.
void run_on_cpu(int cpu);

/// Bytes of memory that this process has to itself. Shared memory does not count.
std::uint64_t private_memory();

/// The threads of this process.
int thread_count() noexcept;

/// The system's number of the calling thread; the main thread's is the process's.
int current_thread_number() noexcept;
bool on_main_thread() noexcept;

}  // namespace multiprocess::detail::os
