// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/bytes.hpp>

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

namespace multiprocess::detail {

template <class R>
concept PlainRange = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
    std::is_trivially_copyable_v<std::ranges::range_value_t<R>>;

/// What can be filled with bytes.
template <class R>
concept ByteTarget =
    PlainRange<R> && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;

template <class C>
concept Character = std::same_as<C, char> || std::same_as<C, char8_t> ||
    std::same_as<C, char16_t> || std::same_as<C, char32_t> || std::same_as<C, wchar_t>;

/// The bytes of text, or of the items of a contiguous range.
class ByteView {
 public:
  /// A literal: it ends before its NUL, wherever others stand.
  template <Character C, std::size_t N>
  ByteView(const C (&literal)[N]) noexcept
      : bytes_(std::as_bytes(std::span(literal, literal[N - 1] == C{} ? N - 1 : N))) {}

  /// All items, also of an array of char.
  template <PlainRange R>
  ByteView(R&& items)
      : bytes_(std::as_bytes(std::span(std::ranges::data(items),
                                       static_cast<std::size_t>(std::ranges::size(items))))) {}

  /// Anything else that is text: `const char*`.
  template <std::convertible_to<std::string_view> T>
  requires(!PlainRange<const T&> && !std::is_null_pointer_v<T>) ByteView(const T& text)
      : bytes_(std::as_bytes(std::span(std::string_view(text)))) {}

  Bytes bytes() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace multiprocess::detail
