// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "system.hpp"

#include <cstddef>
#include <span>

namespace multiprocess::detail::os {

/// A program or library as the loader has laid it out in memory (the PE format).
class LoadedImage {
 public:
  explicit LoadedImage(HMODULE module) noexcept : base_(reinterpret_cast<const char*>(module)) {}

  const char* at(std::size_t offset) const noexcept { return base_ + offset; }

  const IMAGE_NT_HEADERS& headers() const noexcept {
    const auto& first = *reinterpret_cast<const IMAGE_DOS_HEADER*>(base_);
    return *reinterpret_cast<const IMAGE_NT_HEADERS*>(at(static_cast<std::size_t>(first.e_lfanew)));
  }

  std::span<const IMAGE_SECTION_HEADER> sections() const noexcept {
    return {IMAGE_FIRST_SECTION(&headers()), headers().FileHeader.NumberOfSections};
  }

  std::span<const IMAGE_DEBUG_DIRECTORY> debug_entries() const noexcept {
    const auto& place = headers().OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_DEBUG];
    return {reinterpret_cast<const IMAGE_DEBUG_DIRECTORY*>(at(place.VirtualAddress)),
            place.VirtualAddress == 0 ? 0 : place.Size / sizeof(IMAGE_DEBUG_DIRECTORY)};
  }

 private:
  const char* base_;
};

}  // namespace multiprocess::detail::os
