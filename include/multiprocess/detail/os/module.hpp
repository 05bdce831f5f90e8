// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace multiprocess::detail::os {

/// What the loader made of a piece of a module.
enum class Memory { none, constant, variable, code };

/// One loaded program file: the executable or a library. Positions inside it are counted from
/// `base`, so they mean the same in every process that has loaded the same build.
struct Module {
  struct Segment {
    std::uintptr_t begin;
    std::uintptr_t end;
    Memory memory;
  };

  std::string path;  // absolute; of the executable too, as far as it is known
  bool main = false;
  std::uintptr_t base = 0;
  std::uint64_t build_id = 0;  // of the link editor's id, or else of the code itself
  std::vector<Segment> segments;

  /// What `size` bytes from `address` on are; `none` where they do not lie in one segment.
  Memory memory_at(std::uintptr_t address, std::size_t size = 1) const noexcept;
};

/// The module that `address` lies in, or null. Modules are never freed, also when unloaded.
const Module* module_at(std::uintptr_t address);

const Module& main_module();

/// The loaded library of this build, or else the one at `path`, which is loaded when it is not yet.
/// Null when that fails: then `why` says it.
const Module* find_library(const std::string& path, std::uint64_t build_id, std::string& why);

/// What lies at an address outside of all modules: "[stack]", "[heap]", "anonymous memory", the
/// path of a mapped file. Empty when nothing readable does.
std::string region_at(std::uintptr_t address);

}  // namespace multiprocess::detail::os
