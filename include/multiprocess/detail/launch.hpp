// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/forkserver.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/start_method.hpp>

#include <functional>
#include <memory>
#include <string>

namespace multiprocess::detail {

/// What a new process does: as a copy of this one, `run`; otherwise the Job that `save` writes.
struct Work {
  std::function<void()> run;
  std::function<void(OutputArchive&)> save;
};

/// Starts the process of `record` and adds it to the children. In the new process it does not
/// return.
///
/// Throws std::system_error, NotSendable or RuntimeError; then nothing was started and nothing is
/// left.
void launch(const std::shared_ptr<ProcessRecord>& record, StartMethod method, const Work& work);

/// The same by a fork of the template. `work.run` is not used.
void launch_from(ForkTemplate& from, const std::shared_ptr<ProcessRecord>& record,
                 const Work& work);

/// The program that spawned children run; empty: the running program.
void set_spawned_program(std::string path);

/// In a program that was started as a child and runs main: does the child's work and does not
/// return. In any other process it does nothing.
void run_started_program();

}  // namespace multiprocess::detail
