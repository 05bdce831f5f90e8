// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/os/module.hpp>

#include <cstdint>
#include <string_view>

namespace multiprocess::detail {

/// A place in the program or in one of its libraries, that means the same in every process that
/// runs the same build: the module and the distance from its base.
struct ModuleRef {
  const os::Module* module = nullptr;
  std::uint64_t offset = 0;

  std::uintptr_t address() const noexcept { return module == nullptr ? 0 : module->base + offset; }
  explicit operator bool() const noexcept { return module != nullptr; }
};

/// Of what lies in no module (on the stack, on the heap): a false one.
ModuleRef module_ref(std::uintptr_t address);
template <class T>
ModuleRef module_ref(const T* address) {
  return module_ref(reinterpret_cast<std::uintptr_t>(address));
}

/// The word at a place that a message named: what it is remains to be seen, and it may lie in the
/// red zone that a sanitizer has laid around some constant.
std::uint64_t peek(const void* word) noexcept;

/// Which build of the program this process runs.
std::uint64_t build_id_hash();

/// A false one is written too. The first reference of a message into a module carries its build.
void save_ref(OutputArchive& archive, const ModuleRef& ref);

/// The place in this process. Throws NotSendable when the module is another build here or cannot be
/// loaded, ValueError when the place lies outside of what the module has there of `memory`, or has
/// less than `size` bytes. With `Memory::none` any place in the module will do.
ModuleRef load_ref(InputArchive& archive, os::Memory memory, std::size_t size = 1);

}  // namespace multiprocess::detail
