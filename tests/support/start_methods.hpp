// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/forkserver.hpp>
#include <multiprocess/detail/os/process.hpp>
#include <multiprocess/process.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace multiprocess::test {

/// Long enough for anything that happens at all.
inline constexpr std::chrono::seconds plenty{20};

/// A suite whose tests run under each start method, in processes that they start with it.
class StartMethods : public testing::TestWithParam<StartMethod> {
 protected:
  void TearDown() override { detail::stop_server(); }

  ProcessOptions options() const {
    ProcessOptions options;
    options.start_method = GetParam();
    return options;
  }

  /// A process, not yet started.
  template <class F, class... Args>
  Process process(F target, Args... args) const {
    return Process(options(), std::move(target), std::move(args)...);
  }

  template <class F, class... Args>
  Process start(F target, Args... args) const {
    Process started = process(std::move(target), std::move(args)...);
    started.start();
    return started;
  }

  /// Runs the target to its end in a process.
  template <class F, class... Args>
  std::optional<int> exitcode_of(F target, Args... args) const {
    Process ran = start(std::move(target), std::move(args)...);
    ran.join(plenty);
    return ran.exitcode();
  }
};

/// All that there are here, or those that MULTIPROCESS_TEST_METHODS names (`fork,spawn`).
inline std::vector<StartMethod> tested_start_methods() {
  const char* const named = std::getenv("MULTIPROCESS_TEST_METHODS");
  const char* const all = detail::os::can_fork() ? "fork,spawn,forkserver" : "spawn";
  std::istringstream names(named == nullptr ? all : named);
  std::vector<StartMethod> methods;
  for (std::string name; std::getline(names, name, ',');) {
    methods.push_back(parse_start_method(name));
  }
  return methods;
}

inline std::string start_method_name(const testing::TestParamInfo<StartMethod>& info) {
  return std::string(to_string(info.param));
}

}  // namespace multiprocess::test

/// Instantiates a suite that is derived from StartMethods.
#define MULTIPROCESS_FOR_EACH_START_METHOD(Suite)                                         \
  INSTANTIATE_TEST_SUITE_P(StartMethod, Suite,                                            \
                           testing::ValuesIn(multiprocess::test::tested_start_methods()), \
                           multiprocess::test::start_method_name)
