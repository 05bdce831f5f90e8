// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/symbols.hpp>

#include <multiprocess/detail/os/handle.hpp>

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <map>

namespace multiprocess::detail::os {
namespace {

std::span<const std::byte> map_file(const std::string& path) noexcept {
  const Handle file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!file || fstat(static_cast<int>(file.get()), &facts) != 0 || facts.st_size <= 0) {
    return {};
  }
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, static_cast<int>(file.get()), 0);
  if (at == MAP_FAILED) {
    return {};
  }
  return {static_cast<const std::byte*>(at), size};
}

/// The table of functions in a program or library file, which also names those that are not
/// exported. Empty when the file cannot be read or was stripped.
class SymbolFile {
 public:
  explicit SymbolFile(const std::string& path);
  SymbolFile(const SymbolFile&) = delete;
  SymbolFile& operator=(const SymbolFile&) = delete;
  ~SymbolFile();

  /// The linker's name of the function that `offset` lies in, or null.
  const char* function_at(std::uintptr_t offset) const noexcept;

 private:
  template <class T>
  std::span<const T> table(std::uint64_t offset, std::uint64_t size) const noexcept;

  std::span<const std::byte> file_;
};

SymbolFile::SymbolFile(const std::string& path) : file_(map_file(path)) {}

SymbolFile::~SymbolFile() {
  if (!file_.empty()) {
    munmap(const_cast<std::byte*>(file_.data()), file_.size());
  }
}

/// Empty when it does not lie inside the file.
template <class T>
std::span<const T> SymbolFile::table(std::uint64_t offset, std::uint64_t size) const noexcept {
  if (offset > file_.size() || size > file_.size() - offset || offset % alignof(T) != 0) {
    return {};
  }
  return {reinterpret_cast<const T*>(file_.data() + offset), size / sizeof(T)};
}

const char* SymbolFile::function_at(std::uintptr_t offset) const noexcept {
  const auto head = table<ElfW(Ehdr)>(0, sizeof(ElfW(Ehdr)));
  if (head.empty()) {
    return nullptr;
  }
  const auto sections =
      table<ElfW(Shdr)>(head[0].e_shoff, std::uint64_t{head[0].e_shnum} * sizeof(ElfW(Shdr)));
  for (const auto& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) {
      continue;
    }
    const auto& text = sections[section.sh_link];
    const auto names = table<char>(text.sh_offset, text.sh_size);
    for (const auto& symbol : table<ElfW(Sym)>(section.sh_offset, section.sh_size)) {
      const bool function = (symbol.st_info & 0xf) == STT_FUNC && symbol.st_shndx != SHN_UNDEF;
      if (function && offset - symbol.st_value < symbol.st_size && offset >= symbol.st_value &&
          symbol.st_name < names.size() && names.back() == '\0') {
        return names.data() + symbol.st_name;
      }
    }
  }
  return nullptr;
}

/// The files that make up this process, and which of them an address belongs to.
class Modules {
 public:
  CodePlace describe(std::uintptr_t return_address) {
    Search search{return_address - 1, 0, nullptr};  // inside the call, not behind it
    dl_iterate_phdr(&find, &search);
    CodePlace place;
    if (search.name != nullptr) {
      place.module = *search.name != '\0' ? search.name : program();
      place.offset = search.address - search.base;
    }
    const char* name = symbols_of(place.module).function_at(place.offset);
    Dl_info info{};
    if (name == nullptr && dladdr(reinterpret_cast<void*>(search.address), &info) != 0) {
      name = info.dli_sname;
    }
    place.function = name == nullptr ? std::string() : readable_name(name);
    return place;
  }

 private:
  struct Search {
    std::uintptr_t address;
    std::uintptr_t base;
    const char* name;
  };

  static int find(dl_phdr_info* module, std::size_t, void* argument) {
    auto& search = *static_cast<Search*>(argument);
    for (int i = 0; i < module->dlpi_phnum; ++i) {
      const auto& segment = module->dlpi_phdr[i];
      const std::uintptr_t start = module->dlpi_addr + segment.p_vaddr;
      if (segment.p_type == PT_LOAD && search.address - start < segment.p_memsz) {
        search.base = module->dlpi_addr;
        search.name = module->dlpi_name;
        return 1;
      }
    }
    return 0;
  }

  static std::string program() {
    std::array<char, 4096> path;
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    return length < 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
  }

  const SymbolFile& symbols_of(const std::string& module) {
    // A program that was replaced or deleted while it runs is still behind this link.
    return files_.try_emplace(module, module == program() ? "/proc/self/exe" : module)
        .first->second;
  }

  std::map<std::string, SymbolFile> files_;
};

}  // namespace

std::string readable_name(const char* linker_name) {
  int status = 0;
  char* const name = abi::__cxa_demangle(linker_name, nullptr, nullptr, &status);
  std::string text = status == 0 ? name : linker_name;
  std::free(name);
  return text;
}

std::vector<CodePlace> describe_calls(std::span<const std::uintptr_t> return_addresses) {
  Modules modules;
  std::vector<CodePlace> places;
  for (const std::uintptr_t address : return_addresses) {
    places.push_back(modules.describe(address));
  }
  return places;
}

}  // namespace multiprocess::detail::os
