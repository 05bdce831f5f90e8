// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/mapping.hpp>

#include "shared_table.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace multiprocess::detail::os {

namespace {

/// Says in this process that it has an arena: another copy of the library looks for it.
std::wstring notice() {
  return L"Local\\multiprocess-arena-" + std::to_wstring(GetCurrentProcessId());
}

void put_up_notice() noexcept {
  CreateEventW(nullptr, TRUE, FALSE, notice().c_str());  // open as long as the process
}

Handle make_section(std::uint64_t size) noexcept {
  return owned(CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE | SEC_RESERVE,
                                  static_cast<DWORD>(size >> 32), static_cast<DWORD>(size),
                                  nullptr));
}

std::byte* map(const Handle& section) noexcept {
  return static_cast<std::byte*>(
      MapViewOfFile(native(section.get()), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0));
}

/// All regions of the view, whatever is committed.
std::size_t size_of_view(const std::byte* data) noexcept {
  std::size_t size = 0;
  MEMORY_BASIC_INFORMATION region{};
  while (VirtualQuery(data + size, &region, sizeof region) != 0 && region.AllocationBase == data) {
    size += region.RegionSize;
  }
  return size;
}

bool is_available(std::size_t size) noexcept {
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  return GlobalMemoryStatusEx(&memory) == 0 ||
         size <= memory.ullAvailPageFile - memory.ullAvailPageFile / 16;
}

bool commit_now(std::byte* from, std::size_t size) noexcept {
  return VirtualAlloc(from, size, MEM_COMMIT, PAGE_READWRITE) != nullptr;
}

}  // namespace

void refuse_shortage(std::size_t size) {
  if (!is_available(size)) {
    throw last_error("there are not " + std::to_string(size) + " bytes of memory left",
                     std::errc::not_enough_memory);
  }
}

SharedMapping SharedMapping::create(std::size_t reservation, std::size_t smallest) {
  for (std::size_t size = reservation;; size /= 2) {
    Handle section = make_section(size + shared_table_size);
    std::byte* const data = section ? map(section) : nullptr;
    if (data != nullptr && commit_now(data + size, shared_table_size)) {
      put_up_notice();
      make_shared_table(data, size);
      return {std::move(section), data, size, stream_id(section.get())};
    }
    if (data != nullptr) {
      UnmapViewOfFile(data);
    }
    if (size / 2 < smallest) {
      throw last_error("reserving address space for the shared arena");
    }
  }
}

SharedMapping SharedMapping::attach(Handle memory) {
  std::byte* const data = map(memory);
  if (data == nullptr) {
    throw last_error("mapping the inherited shared arena");
  }
  put_up_notice();
  const std::size_t size = size_of_view(data) - shared_table_size;
  use_shared_table(data, size);
  return {std::move(memory), data, size, 0};
}

void SharedMapping::commit(std::size_t offset, std::size_t size) {
  if (!is_available(size) || !commit_now(data_ + offset, size)) {
    throw std::bad_alloc();
  }
}

NativeHandle SharedMapping::handle() const {
  require_open(memory_.get());
  return memory_.get();
}

// A section of the page file gives nothing back: what is not used is paged out.
void SharedMapping::discard(std::size_t offset, std::size_t size) noexcept {
  std::memset(data_ + offset, 0, size);
}

void prefer_huge_pages(void*, std::size_t) noexcept {}

bool another_arena_is_mapped() {
  return owned(OpenEventW(SYNCHRONIZE, FALSE, notice().c_str())).get() != no_handle;
}

void** fork_wiped_word() {
  static void* word = nullptr;  // nobody forks here
  return &word;
}

}  // namespace multiprocess::detail::os
