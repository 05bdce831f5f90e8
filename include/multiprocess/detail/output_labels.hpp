// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// Prints what other processes print, line by line, with a label before each.
class OutputLabels {
 public:
  OutputLabels();
  /// Waits for the rest of what processes have printed that have ended.
  ~OutputLabels();
  OutputLabels(const OutputLabels&) = delete;
  OutputLabels& operator=(const OutputLabels&) = delete;

  /// Where a process is to print to, and where its errors go. Throws std::system_error.
  struct Ends {
    os::Handle output;
    os::Handle errors;
  };
  Ends add(const std::string& label);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace multiprocess::detail
