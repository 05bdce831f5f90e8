// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/symbols.hpp>

#include <multiprocess/detail/os/module.hpp>

#include "system.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <map>

namespace multiprocess::detail::os {
namespace {

std::span<const std::byte> map_file(const std::string& path) {
  const Handle file =
      owned(CreateFileW(to_wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE,
                        nullptr, OPEN_EXISTING, 0, nullptr));
  LARGE_INTEGER size{};
  if (!file || GetFileSizeEx(native(file.get()), &size) == 0) {
    return {};
  }
  const Handle section =
      owned(CreateFileMappingW(native(file.get()), nullptr, PAGE_READONLY, 0, 0, nullptr));
  const void* const data =
      section ? MapViewOfFile(native(section.get()), FILE_MAP_READ, 0, 0, 0) : nullptr;
  return {static_cast<const std::byte*>(data),
          data == nullptr ? 0 : static_cast<std::size_t>(size.QuadPart)};
}

/// The table of symbols that GCC leaves in a program or library file (the COFF format). Empty when
/// the file cannot be read or was stripped.
class SymbolFile {
 public:
  explicit SymbolFile(const std::string& path) : file_(map_file(path)) { find_tables(); }
  SymbolFile(const SymbolFile&) = delete;
  SymbolFile& operator=(const SymbolFile&) = delete;
  ~SymbolFile() {
    if (!file_.empty()) {
      UnmapViewOfFile(file_.data());
    }
  }

  /// The linker's name of the last function that begins before `offset`, or nothing.
  std::string function_at(std::uintptr_t offset) const;

 private:
  static constexpr std::size_t symbol_size = sizeof(IMAGE_SYMBOL);
  static constexpr WORD function_type = 0x20;

  /// False when it does not lie inside the file.
  template <class T>
  bool read(std::size_t offset, T& into) const noexcept {
    if (offset > file_.size() || sizeof(T) > file_.size() - offset) {
      return false;
    }
    std::memcpy(&into, file_.data() + offset, sizeof(T));
    return true;
  }

  void find_tables();
  std::string name_of(const IMAGE_SYMBOL& symbol) const;

  std::span<const std::byte> file_;
  std::vector<IMAGE_SECTION_HEADER> sections_;
  std::size_t symbols_ = 0;
  std::size_t count_ = 0;
};

static_assert(sizeof(IMAGE_SYMBOL) == 18);

void SymbolFile::find_tables() {
  IMAGE_DOS_HEADER first{};
  IMAGE_NT_HEADERS head{};
  if (!read(0, first) || !read(static_cast<std::size_t>(first.e_lfanew), head)) {
    return;
  }
  std::size_t at = static_cast<std::size_t>(first.e_lfanew) +
                   offsetof(IMAGE_NT_HEADERS, OptionalHeader) +
                   head.FileHeader.SizeOfOptionalHeader;
  IMAGE_SECTION_HEADER section{};
  for (; sections_.size() < head.FileHeader.NumberOfSections && read(at, section);
       at += sizeof section) {
    sections_.push_back(section);
  }
  symbols_ = head.FileHeader.PointerToSymbolTable;
  count_ = symbols_ == 0 ? 0 : head.FileHeader.NumberOfSymbols;
}

std::string SymbolFile::name_of(const IMAGE_SYMBOL& symbol) const {
  if (symbol.N.Name.Short != 0) {
    const char* const name = reinterpret_cast<const char*>(symbol.N.ShortName);
    return {name, strnlen(name, sizeof symbol.N.ShortName)};
  }
  const std::size_t begin = symbols_ + count_ * symbol_size + symbol.N.Name.Long;
  if (begin >= file_.size()) {
    return {};
  }
  const char* const name = reinterpret_cast<const char*>(file_.data()) + begin;
  return {name, strnlen(name, file_.size() - begin)};
}

std::string SymbolFile::function_at(std::uintptr_t offset) const {
  IMAGE_SYMBOL best{};
  std::uintptr_t best_begin = 0;
  IMAGE_SYMBOL symbol{};
  for (std::size_t i = 0; i < count_ && read(symbols_ + i * symbol_size, symbol);
       i += 1 + std::size_t{symbol.NumberOfAuxSymbols}) {
    const auto number = static_cast<std::size_t>(symbol.SectionNumber);
    if (symbol.SectionNumber < 1 || number > sections_.size() || symbol.Type != function_type) {
      continue;
    }
    const std::uintptr_t begin = sections_[number - 1].VirtualAddress + symbol.Value;
    if (begin <= offset && begin >= best_begin) {
      best = symbol;
      best_begin = begin;
    }
  }
  return best_begin == 0 ? std::string() : name_of(best);
}

}  // namespace

std::string readable_name(const char* linker_name) {
  int status = 0;
  char* const name = abi::__cxa_demangle(linker_name, nullptr, nullptr, &status);
  std::string text = status == 0 ? name : linker_name;
  std::free(name);
  return text;
}

std::vector<CodePlace> describe_calls(std::span<const std::uintptr_t> return_addresses) {
  std::map<const Module*, SymbolFile> files;
  std::vector<CodePlace> places;
  for (const std::uintptr_t address : return_addresses) {
    CodePlace place;
    if (const Module* const module = module_at(address - 1)) {  // inside the call, not behind it
      place.module = module->path;
      place.offset = address - 1 - module->base;
      const SymbolFile& file = files.try_emplace(module, module->path).first->second;
      place.function = readable_name(file.function_at(place.offset).c_str());
    }
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace multiprocess::detail::os
