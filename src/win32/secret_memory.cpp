// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/secret_memory.hpp>

#include <multiprocess/detail/os/hmac.hpp>

#include "system.hpp"

#include <new>
#include <span>

namespace multiprocess::detail::os {

namespace {

using Exclude = HRESULT(WINAPI*)(const void*, DWORD);

/// What crash reports leave out; since Windows 10.
Exclude exclude_function() noexcept {
  const auto found =
      GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "WerRegisterExcludedMemoryBlock");
  return reinterpret_cast<Exclude>(reinterpret_cast<void*>(found));
}

}  // namespace

std::byte* take_secret_memory(std::size_t size) {
  void* const memory =
      VirtualAlloc(nullptr, size == 0 ? 1 : size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  static const Exclude exclude = exclude_function();
  if (exclude != nullptr) {
    exclude(memory, static_cast<DWORD>(size));
  }
  return static_cast<std::byte*>(memory);
}

void give_back_secret_memory(std::byte* memory, std::size_t size) noexcept {
  wipe({memory, size});
  VirtualFree(memory, 0, MEM_RELEASE);
}

}  // namespace multiprocess::detail::os
