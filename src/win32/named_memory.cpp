// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/named_memory.hpp>

#include <multiprocess/detail/os/mapping.hpp>
#include <multiprocess/detail/type_name.hpp>

#include "system.hpp"

#include <utility>

namespace multiprocess::detail::os {

namespace {

std::string about(const char* call, const std::string& name) {
  return std::string(call) + " of the shared memory '" + name + "'";
}

/// What the system takes for a place in its tree of names, or the end of one.
std::wstring require_name(const std::string& name) {
  if (name.empty() || name.find('\\') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    throw last_error(about("the name", name), std::errc::invalid_argument);
  }
  return to_wide(name);
}

std::byte* map(const Handle& section) {
  void* const data = MapViewOfFile(native(section.get()), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
  if (data == nullptr) {
    throw last_error("mapping shared memory");
  }
  return static_cast<std::byte*>(data);
}

}  // namespace

NamedMemory::NamedMemory(Handle file, std::size_t size, std::uint64_t id)
    : file_(std::move(file)), size_(size), id_(id) {
  if (file_) {
    data_ = map(file_);
  }
}

NamedMemory::NamedMemory(NamedMemory&& other) noexcept
    : file_(std::move(other.file_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      id_(other.id_) {}

NamedMemory::~NamedMemory() {
  if (data_ != nullptr) {
    UnmapViewOfFile(data_);
  }
}

// While somebody has a block nobody else's can have its name: so that is what tells it from others.

// A section has its name from birth or never: so it is made when that is known.
NamedMemory NamedMemory::create(std::size_t size) {
  refuse_shortage(size);
  return {Handle(), size, 0};
}

void NamedMemory::publish(const std::string& name) {
  const std::wstring wide = require_name(name);
  Handle section = owned(CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE,
                                            static_cast<DWORD>(std::uint64_t{size_} >> 32),
                                            static_cast<DWORD>(size_), wide.c_str()));
  const DWORD error = GetLastError();
  if (!section || error == ERROR_ALREADY_EXISTS) {
    // Something else than memory may have the name: then the handle is the wrong kind.
    throw last_error(about("creating", name),
                     error == ERROR_INVALID_HANDLE ? ERROR_ALREADY_EXISTS : error);
  }
  data_ = map(section);
  file_ = std::move(section);
  id_ = hash_text(name);
}

NamedMemory NamedMemory::open(const std::string& name) {
  const std::wstring wide = require_name(name);
  Handle section = owned(OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, wide.c_str()));
  if (!section) {
    throw last_error(about("opening", name));
  }
  NamedMemory opened(std::move(section), 0, hash_text(name));
  MEMORY_BASIC_INFORMATION region{};
  VirtualQuery(opened.data_, &region, sizeof region);
  opened.size_ = region.RegionSize;
  return opened;
}

// The name goes with the last handle, and not before.
void remove_name(const std::string& name) {
  require_name(name);
}

bool names_stay() noexcept {
  return false;
}

std::string_view name_prefix() noexcept {
  return "wnsm_";
}

bool remove_name_of(const std::string&, std::uint64_t) noexcept {
  return false;
}

}  // namespace multiprocess::detail::os
