// SPDX-License-Identifier: BSD-3-Clause
// What the code in the documents may take for granted.
#pragma once

#include <multiprocess/multiprocess.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;

/// Runs one piece; false when it throws.
inline bool run(const char* place, void (*piece)()) try {
  fmt::print("{}\n", place);
  piece();
  return true;
} catch (const std::exception& error) {
  fmt::print("{}: {}\n", place, error.what());
  const bool needs_fork = std::string_view(error.what()) == "cannot find context for 'fork'";
  return needs_fork && mp::get_all_start_methods().front() != "fork";
}
