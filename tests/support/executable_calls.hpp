// SPDX-License-Identifier: BSD-3-Clause
// What a program and the one that its spawned children run know by the same names.
#pragma once

#include <multiprocess/function.hpp>
#include <multiprocess/queue.hpp>

#include <string>

namespace multiprocess::test {

/// Each program has one of its own.
extern const char* const program_name;

inline const auto introduce = named<"executable_calls.introduce">(
    [](const Queue<std::string>& out, const std::string& greeting, int times) {
      for (int i = 0; i < times; ++i) {
        out.put(greeting + " from " + program_name);
      }
    });

}  // namespace multiprocess::test
