// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/os/process.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace multiprocess::detail::os {

/// The first argument of a program that `start_program` started.
inline constexpr const char* child_argument = "--multiprocessing-fork";

/// A program to be started, and what it gets.
struct Program {
  std::string executable = {};                 ///< Empty: the running program itself.
  std::span<const std::byte> record = {};      ///< Told to it; 1 to 4096 bytes.
  std::span<const NativeHandle> handles = {};  ///< Given to it, in this order, and no others.
  bool outlives =
      false;           ///< It need not end with this process (enter_child sees to that on POSIX).
  bool eager = false;  ///< Looks up all that it calls at its start: good for one that forks often.
};

/// Starts it; it finds the record and the handles with `take_inheritance`.
///
/// Throws std::system_error, also when the program cannot be executed; nothing was started then.
Started start_program(const Program& program);

/// What the process that started this one gave it.
struct Inheritance {
  std::vector<std::byte> record;
  std::vector<Handle> handles;
};

/// What `start_program` gave this process: at the first call, and nothing in any other process.
///
/// Throws std::system_error when what was promised is not there.
std::optional<Inheritance> take_inheritance();

/// Loads a shared library for good. False when it cannot be.
bool load_library(const std::string& path) noexcept;

}  // namespace multiprocess::detail::os
