// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#include <ostream>
#include <string>

namespace multiprocess {
namespace {

std::string how_it_ended(int exitcode) {
  return exitcode < 0 ? fmt::format("was killed by signal {}", -exitcode)
                      : fmt::format("ended with exit code {}", exitcode);
}

}  // namespace

BufferTooShort::BufferTooShort(std::vector<std::byte> message)
    : ProcessError(
          fmt::format("the buffer is too short for a message of {} bytes", message.size())),
      message_(std::make_shared<const std::vector<std::byte>>(std::move(message))) {}

WorkerDied::WorkerDied(int pid, int exitcode, std::string_view task)
    : ProcessError(fmt::format("worker process {} {} before {} was done", pid,
                               how_it_ended(exitcode), task.empty() ? "its task" : task)),
      pid_(pid),
      exitcode_(exitcode) {}

std::string mp_repr(const SystemExit& exit) {
  return fmt::format("SystemExit({})", exit.message() == nullptr ? std::to_string(exit.code())
                                                                 : detail::quoted(*exit.message()));
}

std::ostream& operator<<(std::ostream& out, const RemoteTraceback& traceback) {
  return out << traceback.what();
}

RemoteError::~RemoteError() = default;

}  // namespace multiprocess
