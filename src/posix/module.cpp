// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/module.hpp>
#include <multiprocess/detail/type_name.hpp>

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

namespace multiprocess::detail::os {
namespace {

/// All modules at one moment. Replaced as a whole, never freed: readers take no lock, and a process
/// forked while another thread reads has nothing to repair.
struct Snapshot {
  std::vector<const Module*> modules;
  unsigned long long changes = 0;  // of the loader, until then
  const Snapshot* before = nullptr;
};

std::atomic<const Snapshot*> newest{nullptr};

std::string real_path(const char* name) {
  const std::unique_ptr<char, void (*)(void*)> path(realpath(name, nullptr), std::free);
  return path ? path.get() : name;
}

std::string_view text_at(std::uintptr_t address, std::size_t size) {
  return {reinterpret_cast<const char*>(address), size};
}

/// The content of the note that the link editor puts into each build; empty when there is none.
std::string_view link_editors_id(const dl_phdr_info& info, const ElfW(Phdr) & header) {
  const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  std::uintptr_t at = info.dlpi_addr + header.p_vaddr;
  const std::uintptr_t end = at + header.p_memsz;
  while (at + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) note;
    std::memcpy(&note, reinterpret_cast<const void*>(at), sizeof(note));
    const std::uintptr_t name = at + sizeof(note);
    const std::uintptr_t content = name + padded(note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID &&
        text_at(name, note.n_namesz) == text_at(reinterpret_cast<std::uintptr_t>("GNU"), 4)) {
      return text_at(content, note.n_descsz);
    }
    at = content + padded(note.n_descsz);
  }
  return {};
}

std::uint64_t build_id_of(const dl_phdr_info& info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type == PT_NOTE) {
      if (const std::string_view id = link_editors_id(info, info.dlpi_phdr[i]); !id.empty()) {
        return hash_text(id);
      }
    }
  }
  // Linked without an id: the headers and the code tell builds apart as well.
  std::uint64_t hash = hash_text(
      {reinterpret_cast<const char*>(info.dlpi_phdr), sizeof(ElfW(Phdr)) * info.dlpi_phnum});
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    if (header.p_type == PT_LOAD && header.p_flags == (PF_R | PF_X)) {
      hash = hash_text(text_at(info.dlpi_addr + header.p_vaddr, header.p_memsz), hash);
    }
  }
  return hash;
}

Memory memory_of(const ElfW(Phdr) & header) {
  if ((header.p_flags & PF_X) != 0) {
    return Memory::code;
  }
  return (header.p_flags & PF_W) != 0 ? Memory::variable : Memory::constant;
}

std::vector<Module::Segment> segments_of(const dl_phdr_info& info) {
  std::vector<Module::Segment> segments;
  const auto add = [&](const ElfW(Phdr) & header, Memory memory) {
    const std::uintptr_t begin = info.dlpi_addr + header.p_vaddr;
    segments.push_back({begin, begin + header.p_memsz, memory});
  };
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type == PT_GNU_RELRO) {  // first: it lies inside a variable segment
      add(info.dlpi_phdr[i], Memory::constant);
    }
  }
  const bool relro = !segments.empty();
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type == PT_LOAD) {
      const Memory memory = memory_of(info.dlpi_phdr[i]);
      // Without relocated read-only data (-z norelro) constants with pointers lie among variables.
      add(info.dlpi_phdr[i], !relro && memory == Memory::variable ? Memory::constant : memory);
    }
  }
  return segments;
}

std::unique_ptr<Module> describe(const dl_phdr_info& info, bool main) {
  auto module = std::make_unique<Module>();
  module->path = real_path(main ? "/proc/self/exe" : info.dlpi_name);
  module->main = main;
  module->base = info.dlpi_addr;
  module->build_id = build_id_of(info);
  module->segments = segments_of(info);
  return module;
}

bool same(const Module& known, const dl_phdr_info& info) {
  return known.base == info.dlpi_addr && !known.segments.empty() &&
         known.build_id == build_id_of(info);
}

struct Walk {
  const Snapshot* before;
  std::unique_ptr<Snapshot> fresh;
  std::vector<std::unique_ptr<Module>> made;
};

int visit(dl_phdr_info* info, std::size_t, void* walk_address) {
  Walk& walk = *static_cast<Walk*>(walk_address);
  walk.fresh->changes = info->dlpi_adds + info->dlpi_subs;
  if (walk.before != nullptr) {
    for (const Module* known : walk.before->modules) {
      if (same(*known, *info)) {
        walk.fresh->modules.push_back(known);
        return 0;
      }
    }
  }
  walk.made.push_back(describe(*info, walk.fresh->modules.empty()));
  walk.fresh->modules.push_back(walk.made.back().get());
  return 0;
}

unsigned long long loader_changes() {
  unsigned long long changes = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* into) {
        *static_cast<unsigned long long*>(into) = info->dlpi_adds + info->dlpi_subs;
        return 1;
      },
      &changes);
  return changes;
}

const Snapshot& refreshed(const Snapshot* before) {
  Walk walk{before, std::make_unique<Snapshot>(), {}};
  walk.fresh->before = before;
  dl_iterate_phdr(visit, &walk);
  if (!newest.compare_exchange_strong(before, walk.fresh.get())) {
    return *before;  // another thread was faster
  }
  for (auto& module : walk.made) {
    module.release();
  }
  return *walk.fresh.release();
}

const Snapshot& snapshot() {
  const Snapshot* known = newest.load(std::memory_order_acquire);
  return known != nullptr && known->changes == loader_changes() ? *known : refreshed(known);
}

const Module* find_loaded(const std::string& path, std::uint64_t build_id) {
  for (const Module* module : snapshot().modules) {
    if (module->build_id == build_id && (path.empty() || module->path == path)) {
      return module;
    }
  }
  return nullptr;
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
  const Snapshot* known = newest.load(std::memory_order_acquire);
  if (known != nullptr && known->modules[0]->memory_at(address) != Memory::none) {
    return known->modules[0];  // the executable stays where it is
  }
  for (const Module* module : snapshot().modules) {
    if (module->memory_at(address) != Memory::none) {
      return module;
    }
  }
  return nullptr;
}

const Module& main_module() {
  const Snapshot* known = newest.load(std::memory_order_acquire);
  return *(known != nullptr ? *known : refreshed(nullptr)).modules[0];
}

const Module* find_library(const std::string& path, std::uint64_t build_id, std::string& why) {
  if (const Module* module = find_loaded(path, build_id)) {
    return module;
  }
  if (const Module* module = find_loaded({}, build_id)) {
    return module;
  }
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
    const char* const error = dlerror();
    why = error != nullptr ? error : "it cannot be loaded";
    return nullptr;
  }
  for (const Module* module : snapshot().modules) {
    if (module->path == path) {
      return module;
    }
  }
  why = "it was loaded from another place";
  return nullptr;
}

std::string region_at(std::uintptr_t address) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  unsigned char resident = 0;
  if (mincore(reinterpret_cast<void*>(address / page * page), 1, &resident) != 0) {
    return {};  // the usual answer, and a thousand times cheaper than the list
  }
  // A sanitizer's shadow covers a good part of all numbers; nobody points there.
  constexpr std::uintptr_t too_large = std::uintptr_t{1} << 38;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::string rights, offset, device, inode, name;
    fields >> std::hex >> begin >> dash >> end >> rights >> offset >> device >> inode >> name;
    if (address >= begin && address < end) {
      const bool points = rights.starts_with('r') && end - begin < too_large;
      return !points ? std::string() : name.empty() ? "anonymous memory" : name;
    }
  }
  return {};
}

}  // namespace multiprocess::detail::os
