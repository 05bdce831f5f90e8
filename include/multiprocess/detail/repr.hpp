// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fmt/core.h>

#include <concepts>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>

namespace multiprocess {
namespace detail {

/// A type that prints as Python prints it: a function `std::string mp_repr(const T&)` beside it
/// (a hidden friend, say) is all that it writes; fmt and `<<` follow.
template <class T>
concept Represented = requires(const T& value) {
  { mp_repr(value) } -> std::same_as<std::string>;
};

/// As Python writes a text that a program would read: 'it' or "it's", and b'it' for bytes.
std::string quoted(std::string_view text);
std::string quoted_bytes(std::string_view bytes);

/// As Python writes an object of which there is no more to say.
std::string object_repr(std::string_view name, const void* object);

/// The text as fmt writes it, with the width that `formatter` has read.
fmt::format_context::iterator format_text(const fmt::formatter<std::string>& formatter,
                                          const std::string& text, fmt::format_context& context);

}  // namespace detail

template <class Char, class Traits, detail::Represented T>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out,
                                             const T& value) {
  return out << mp_repr(value);
}

}  // namespace multiprocess

FMT_BEGIN_NAMESPACE

template <multiprocess::detail::Represented T>
struct formatter<T, char> : formatter<std::string> {
  auto format(const T& value, format_context& context) const {
    return multiprocess::detail::format_text(*this, mp_repr(value), context);
  }
};

template <typename T, typename Char>
struct is_range;

/// Ours print by themselves, also where <fmt/ranges.h> would print the items.
template <multiprocess::detail::Represented T, typename Char>
struct is_range<T, Char> : std::false_type {};

FMT_END_NAMESPACE
