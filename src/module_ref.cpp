// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/module_ref.hpp>
#include <multiprocess/detail/std_codec.hpp>
#include <multiprocess/error.hpp>

#include <fmt/format.h>

#if defined(__has_attribute)
#if __has_attribute(no_sanitize)
#define MULTIPROCESS_UNCHECKED __attribute__((no_sanitize("address")))
#endif
#endif
#ifndef MULTIPROCESS_UNCHECKED
#define MULTIPROCESS_UNCHECKED
#endif

namespace multiprocess::detail {
namespace {

[[noreturn]] void throw_other_build(const os::Module& here, std::uint64_t theirs) {
  throw NotSendable(fmt::format(
      "{} differs between the two processes: build {:016x} in the sender, {:016x} here; start both "
      "from the same build, or send the callable by name: mp::named<\"name\">(f)",
      here.main ? std::string("the program") : "module " + here.path, theirs, here.build_id));
}

// Written by hand: this file must not need the codec of strings.
void save_module(OutputArchive& archive, const os::Module& module) {
  archive.put(static_cast<unsigned char>(module.main));
  archive.put(module.build_id);
  if (!module.main) {
    archive.put_size(module.path.size());
    archive.write(module.path.data(), module.path.size());
  }
}

const os::Module* load_module(InputArchive& archive) {
  const bool main = archive.get_bool();
  const auto build = archive.get<std::uint64_t>();
  if (main) {
    const os::Module& here = os::main_module();
    if (here.build_id != build) {
      throw_other_build(here, build);
    }
    return &here;
  }
  const std::size_t length = archive.get_count();
  const std::string path(reinterpret_cast<const char*>(archive.take(length)), length);
  std::string why;
  const os::Module* const here = os::find_library(path, build, why);
  if (here == nullptr) {
    throw NotSendable(fmt::format(
        "module {} (build {:016x}) of the callable is not loaded here and cannot be: {}", path,
        build, why));
  }
  if (here->build_id != build) {
    throw_other_build(*here, build);
  }
  return here;
}

}  // namespace

ModuleRef module_ref(std::uintptr_t address) {
  const os::Module* const module = os::module_at(address);
  return module == nullptr ? ModuleRef() : ModuleRef{module, address - module->base};
}

MULTIPROCESS_UNCHECKED std::uint64_t peek(const void* word) noexcept {
  return *static_cast<const std::uint64_t*>(word);
}

std::uint64_t build_id_hash() {
  return os::main_module().build_id;
}

void save_ref(OutputArchive& archive, const ModuleRef& ref) {
  if (!ref) {
    archive.put_size(0);
    return;
  }
  bool fresh = false;
  archive.put_size(archive.module_number(ref.module, fresh));
  if (fresh) {
    save_module(archive, *ref.module);
  }
  archive.put_size(ref.offset);
}

ModuleRef load_ref(InputArchive& archive, os::Memory memory, std::size_t size) {
  const std::uint64_t number = archive.get_size();
  if (number == 0) {
    return {};
  }
  const os::Module* module = archive.module(number);
  if (module == nullptr) {
    module = load_module(archive);
    archive.add_module(module);
  }
  const ModuleRef ref{module, archive.get_size()};
  const os::Memory found = module->memory_at(ref.address(), size);
  if (found == os::Memory::none || (memory != os::Memory::none && found != memory)) {
    throw_damaged(archive.position(), "a place in the program that is not what it should be");
  }
  return ref;
}

}  // namespace multiprocess::detail
