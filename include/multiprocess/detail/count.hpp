// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

namespace multiprocess::detail {

/// What a user may count with.
template <class T>
concept Count = std::integral<T> && !std::same_as<T, bool>;

[[noreturn]] void throw_no_count();

/// Throws ValueError when it does not fit: an unsigned number that should have been negative, say.
template <Count Number>
constexpr std::ptrdiff_t count(Number number) {
  if (!std::in_range<std::ptrdiff_t>(number)) {
    throw_no_count();
  }
  return static_cast<std::ptrdiff_t>(number);
}

}  // namespace multiprocess::detail
