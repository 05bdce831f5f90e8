// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/takeover.hpp>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

// A started program must run its child's work instead of main, whoever wrote main. The start
// function of the C library calls the program's initializers from first to last, then main: so an
// initializer of ours runs those that come after it, then the child's work, and never returns.

namespace multiprocess::detail::os {

namespace {

using Initializer = void (*)(int, char**, char**);

// The linker's names for the array of the program (or library) that this file is linked into.
extern "C" {
__attribute__((weak, visibility("hidden"))) extern Initializer __init_array_start[];
__attribute__((weak, visibility("hidden"))) extern Initializer __init_array_end[];
}

std::span<Initializer> from_dynamic_section(const ElfW(Dyn) * tag, ElfW(Addr) base) noexcept {
  Initializer* first = nullptr;
  std::size_t bytes = 0;
  for (; tag->d_tag != DT_NULL; ++tag) {
    if (tag->d_tag == DT_INIT_ARRAY) {
      first = reinterpret_cast<Initializer*>(base + tag->d_un.d_ptr);
    } else if (tag->d_tag == DT_INIT_ARRAYSZ) {
      bytes = tag->d_un.d_val;
    }
  }
  return {first, bytes / sizeof(Initializer)};
}

int look_at_program(dl_phdr_info* info, std::size_t, void* result) {
  for (const auto& header : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (header.p_type == PT_DYNAMIC) {
      const auto* const tags = reinterpret_cast<const ElfW(Dyn)*>(info->dlpi_addr + header.p_vaddr);
      *static_cast<std::span<Initializer>*>(result) = from_dynamic_section(tags, info->dlpi_addr);
    }
  }
  return 1;  // the program itself is the first
}

std::span<Initializer> initializers_of_program() noexcept {
  std::span<Initializer> found;
  dl_iterate_phdr(look_at_program, &found);
  if (found.empty() && __init_array_start != nullptr) {  // statically linked
    found = {__init_array_start, static_cast<std::size_t>(__init_array_end - __init_array_start)};
  }
  return found;
}

constinit Initializer replaced = nullptr;

void run_replaced_then_child(int argc, char** argv, char** environment) {
  replaced(argc, argv, environment);
  run_instead_of_main();
}

/// For the shared library: its own initializers all run before the program's, so the program's last
/// one is made to go through us.
void replace_last(std::span<Initializer> initializers) noexcept {
  Initializer& last = initializers.back();
  const auto page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto page = reinterpret_cast<std::uintptr_t>(&last) / page_size * page_size;
  const std::size_t size = reinterpret_cast<std::uintptr_t>(&last + 1) - page;
  if (mprotect(reinterpret_cast<void*>(page), size, PROT_READ | PROT_WRITE) == 0) {
    replaced = last;
    last = run_replaced_then_child;
  }
}

constinit bool wanted = false;

void look_when_loaded(int, char**, char**) {
  wanted = run_when_loaded();
}

void take_over(int argc, char** argv, char** environment);

// Data, not functions with attribute((constructor)): link-time optimization merges those.
__attribute__((section(".init_array.00101"), used)) Initializer loaded_entry = look_when_loaded;
__attribute__((section(".init_array"), used)) Initializer entry = take_over;

void take_over(int argc, char** argv, char** environment) {
  if (!wanted) {
    return;
  }
  const auto initializers = initializers_of_program();
  Initializer* own = &entry;
  asm volatile("" : "+r"(own));  // the compiler knows a lone variable there, the linker an array
  Initializer* const end = initializers.data() + initializers.size();
  if (own < initializers.data() || own >= end) {
    replace_last(initializers);
    return;
  }
  while (++own != end) {
    (*own)(argc, argv, environment);
  }
  run_instead_of_main();
}

}  // namespace

void link_takeover() noexcept {}

}  // namespace multiprocess::detail::os
