// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/module.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/type_name.hpp>

#include "loaded_image.hpp"

#include <psapi.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>

namespace multiprocess::detail::os {

namespace {

/// What was ever asked for; never freed, so that readers take no lock.
struct Known {
  std::unique_ptr<const Module> module;
  const Known* next;
};
std::atomic<const Known*> all_known{nullptr};

std::string path_of(HMODULE module) {
  std::wstring path(32768, L'\0');  // no path of Windows is longer
  path.resize(GetModuleFileNameW(module, path.data(), static_cast<DWORD>(path.size())));
  return to_narrow(path);
}

/// What the link editor noted of this build for debuggers; empty when it did not.
std::string_view link_editors_id(const LoadedImage& image) {
  constexpr std::size_t guid_size = 16;
  for (const IMAGE_DEBUG_DIRECTORY& entry : image.debug_entries()) {
    const char* const data = image.at(entry.AddressOfRawData);
    if (entry.Type == IMAGE_DEBUG_TYPE_CODEVIEW && entry.SizeOfData >= 4 + guid_size &&
        std::memcmp(data, "RSDS", 4) == 0) {
      return {data + 4, guid_size};
    }
  }
  return {};
}

std::uint64_t build_id_of(const LoadedImage& image) {
  if (const std::string_view id = link_editors_id(image); !id.empty()) {
    return hash_text(id);
  }
  // Linked without an id: the headers and the code tell builds apart as well.
  const IMAGE_NT_HEADERS& head = image.headers();
  std::uint64_t hash =
      hash_text({reinterpret_cast<const char*>(&head.FileHeader), sizeof head.FileHeader});
  for (const IMAGE_SECTION_HEADER& section : image.sections()) {
    hash = hash_text({reinterpret_cast<const char*>(&section), sizeof section}, hash);
    if ((section.Characteristics & IMAGE_SCN_MEM_EXECUTE) != 0) {
      hash = hash_text({image.at(section.VirtualAddress), section.Misc.VirtualSize}, hash);
    }
  }
  return hash;
}

Memory memory_of(const IMAGE_SECTION_HEADER& section) {
  if ((section.Characteristics & IMAGE_SCN_MEM_EXECUTE) != 0) {
    return Memory::code;
  }
  return (section.Characteristics & IMAGE_SCN_MEM_WRITE) != 0 ? Memory::variable : Memory::constant;
}

std::unique_ptr<const Module> describe(HMODULE loaded) {
  const LoadedImage image(loaded);
  auto module = std::make_unique<Module>();
  module->path = path_of(loaded);
  module->main = loaded == GetModuleHandleW(nullptr);
  module->base = reinterpret_cast<std::uintptr_t>(loaded);
  module->build_id = build_id_of(image);
  for (const IMAGE_SECTION_HEADER& section : image.sections()) {
    const std::uintptr_t begin = module->base + section.VirtualAddress;
    module->segments.push_back({begin, begin + section.Misc.VirtualSize, memory_of(section)});
  }
  return module;
}

/// Another library may lie where one was that is gone: its headers differ.
bool same(const Module& known, HMODULE loaded) {
  return known.base == reinterpret_cast<std::uintptr_t>(loaded) &&
         known.build_id == build_id_of(LoadedImage(loaded));
}

const Module& know(HMODULE loaded) {
  const Known* const first = all_known.load(std::memory_order_acquire);
  const bool is_main = loaded == GetModuleHandleW(nullptr);
  for (const Known* known = first; known != nullptr; known = known->next) {
    if (is_main ? known->module->main : same(*known->module, loaded)) {
      return *known->module;
    }
  }
  auto made = std::make_unique<Known>(Known{describe(loaded), first});
  while (!all_known.compare_exchange_weak(made->next, made.get())) {
  }
  return *made.release()->module;
}

HMODULE loaded_at(std::uintptr_t address) {
  HMODULE module = nullptr;
  constexpr DWORD how =
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
  return GetModuleHandleExW(how, reinterpret_cast<const wchar_t*>(address), &module) != 0 ? module
                                                                                          : nullptr;
}

std::vector<HMODULE> loaded_modules() {
  std::vector<HMODULE> modules(256);
  DWORD bytes = 0;
  EnumProcessModules(GetCurrentProcess(), modules.data(),
                     static_cast<DWORD>(modules.size() * sizeof(HMODULE)), &bytes);
  modules.resize(std::min(modules.size(), bytes / sizeof(HMODULE)));
  return modules;
}

/// Libraries of the system have no ids that programs ask for, and are many.
const Module* find_loaded(std::uint64_t build_id) {
  for (const HMODULE loaded : loaded_modules()) {
    if (build_id_of(LoadedImage(loaded)) == build_id) {
      return &know(loaded);
    }
  }
  return nullptr;
}

bool lies_in_stack(const void* allocation) {
  MEMORY_BASIC_INFORMATION own{};
  VirtualQuery(&own, &own, sizeof own);
  return own.AllocationBase == allocation;
}

bool is_readable(DWORD protection) {
  return protection != 0 && (protection & (PAGE_NOACCESS | PAGE_GUARD)) == 0;
}

std::string mapped_file(std::uintptr_t address) {
  std::wstring path(32768, L'\0');
  path.resize(GetMappedFileNameW(GetCurrentProcess(), reinterpret_cast<void*>(address), path.data(),
                                 static_cast<DWORD>(path.size())));
  return path.empty() ? "shared memory" : to_narrow(path);
}

}  // namespace

Memory Module::memory_at(std::uintptr_t address, std::size_t size) const noexcept {
  for (const Segment& segment : segments) {
    if (address >= segment.begin && address < segment.end && size <= segment.end - address) {
      return segment.memory;
    }
  }
  return Memory::none;
}

const Module* module_at(std::uintptr_t address) {
  const Module& program = main_module();
  if (program.memory_at(address) != Memory::none) {
    return &program;
  }
  const HMODULE loaded = loaded_at(address);
  const Module* const module = loaded == nullptr ? nullptr : &know(loaded);
  return module != nullptr && module->memory_at(address) != Memory::none ? module : nullptr;
}

const Module& main_module() {
  static const Module& program = know(GetModuleHandleW(nullptr));
  return program;
}

const Module* find_library(const std::string& path, std::uint64_t build_id, std::string& why) {
  if (const Module* const module = find_loaded(build_id)) {
    return module;
  }
  const HMODULE loaded = LoadLibraryW(to_wide(path).c_str());
  if (loaded == nullptr) {
    why = last_error(path + " cannot be loaded").what();
    return nullptr;
  }
  return &know(loaded);
}

std::string region_at(std::uintptr_t address) {
  MEMORY_BASIC_INFORMATION region{};
  if (VirtualQuery(reinterpret_cast<void*>(address), &region, sizeof region) == 0 ||
      region.State != MEM_COMMIT || !is_readable(region.Protect)) {
    return {};
  }
  if (region.Type != MEM_PRIVATE) {
    return mapped_file(address);
  }
  return lies_in_stack(region.AllocationBase) ? "[stack]" : "[heap]";
}

}  // namespace multiprocess::detail::os
