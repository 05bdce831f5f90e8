// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Options {
  std::uint32_t processes = 0;  // 0: one for each CPU
  std::uint32_t top = 10;
  std::uint32_t chunk = 1 << 20;
  std::string start_method = {};
  bool lose_a_worker = false;
  std::vector<std::string> folders = {};
};

/// Reads the command line. Throws std::invalid_argument with a sentence for the user.
Options parse_options(int argc, char** argv);
