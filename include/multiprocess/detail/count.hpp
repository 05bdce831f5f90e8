// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>
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

/// Where an item stands, as a user says it: in any integer type, from the end when negative. What
/// no place can be is past any end.
class Index {
 public:
  template <Count Number>
  constexpr Index(Number number) noexcept
      : place_(std::in_range<std::ptrdiff_t>(number) ? static_cast<std::ptrdiff_t>(number)
                                                     : std::numeric_limits<std::ptrdiff_t>::max()) {
  }
  /// An enumeration, or what stands for a number.
  template <std::convertible_to<std::ptrdiff_t> Other>
  requires(!std::is_arithmetic_v<Other>) constexpr Index(const Other& other) : place_(other) {}

  constexpr operator std::ptrdiff_t() const noexcept { return place_; }

 private:
  std::ptrdiff_t place_;
};

}  // namespace multiprocess::detail
