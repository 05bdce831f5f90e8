// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace multiprocess::detail::os {

/// Fills `into` with bytes that nobody can predict. Throws std::system_error.
void fill_random(std::span<std::byte> into);

std::uint64_t random_number();

}  // namespace multiprocess::detail::os
