// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace multiprocess::detail::os {

/// Memory for keys: core dumps leave it out. Throws std::bad_alloc.
std::byte* take_secret_memory(std::size_t size);

/// Overwrites it first.
void give_back_secret_memory(std::byte* memory, std::size_t size) noexcept;

}  // namespace multiprocess::detail::os
