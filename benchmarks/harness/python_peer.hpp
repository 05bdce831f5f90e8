// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "machine.hpp"

#include <memory>
#include <optional>
#include <string>

namespace bench {

/// A script of peers/ that runs beside the benchmark and measures when it is asked to.
class PythonPeer {
 public:
  /// The script's name without `.py`. Nothing is started before the first measurement.
  explicit PythonPeer(std::string script);
  ~PythonPeer();
  PythonPeer(const PythonPeer&) = delete;
  PythonPeer& operator=(const PythonPeer&) = delete;

  /// The script's figure for a case; nothing when there is no Python, or it has no such case.
  /// Throws std::runtime_error when the script fails.
  std::optional<double> measure(const std::string& name, Placement placement, double scale);

 private:
  struct Running;

  std::string script_;
  std::unique_ptr<Running> running_;
};

/// Which Python is asked: that path, or Debian's, which is the fastest, or else the first in PATH.
void set_python(std::string path);

}  // namespace bench
