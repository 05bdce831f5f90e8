// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/form.hpp>

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

template <class T, class... Seen>
consteval std::uint64_t tag_in();

/// The name up to its template arguments.
constexpr std::uint64_t hash_head(std::string_view name) {
  return hash_spelling(name.substr(0, name.find('<')));
}

template <class T>
consteval std::uint64_t scalar_tag() {
  if constexpr (std::is_enum_v<T>) {
    return name_tag<T>;
  } else {
    const char kind = std::is_same_v<T, bool>       ? 'b'
                      : std::is_same_v<T, char>     ? 'c'
                      : std::is_floating_point_v<T> ? 'f'
                      : std::is_signed_v<T>         ? 'i'
                                                    : 'u';
    const char text[] = {kind, static_cast<char>('0' + sizeof(T))};
    return hash_text({text, 2});
  }
}

template <class T, class... Seen>
consteval std::uint64_t members_tag() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    std::uint64_t tag = name_tag<T>;
    ((tag = mix(tag, tag_in<field_type<I, T>, Seen...>())), ...);
    return tag;
  }
  (std::make_index_sequence<field_count<T>>());
}

template <class T, class... Seen>
consteval std::uint64_t container_tag() {
  const std::uint64_t head = hash_head(type_name<T>());
  if constexpr (form<T> == Form::product || form<T> == Form::variant) {
    return []<template <class...> class Template, class... A>(std::uint64_t tag,
                                                              const Template<A...>*) {
      ((tag = mix(tag, tag_in<std::remove_cv_t<A>, Seen...>())), ...);
      return tag;
    }(head, static_cast<const T*>(nullptr));
  } else if constexpr (requires { typename T::mapped_type; }) {
    return mix(mix(head, tag_in<typename T::key_type, Seen...>()),
               tag_in<typename T::mapped_type, Seen...>());
  } else if constexpr (requires { typename T::value_type; }) {
    return mix(head, tag_in<typename T::value_type, Seen...>());
  } else {
    return mix(head, tag_in<std::remove_cv_t<typename T::element_type>, Seen...>());
  }
}

/// What a type is on the wire, so that a receiver who expects another one is told: the same for the
/// same type in every program, whichever compiler made it (for local types: the same compiler).
template <class T, class... Seen>
consteval std::uint64_t tag_in() {
  constexpr Form f = form<T>;
  if constexpr ((std::is_same_v<T, Seen> || ...)) {
    return name_tag<T>;
  } else if constexpr (f == Form::scalar) {
    return scalar_tag<T>();
  } else if constexpr (f == Form::members) {
    return members_tag<T, Seen..., T>();
  } else if constexpr (f == Form::elements) {
    using Element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
    return mix(mix(hash_text("array"), sizeof(T) / sizeof(Element)), tag_in<Element, Seen..., T>());
  } else if constexpr (f == Form::sequence || f == Form::associative || f == Form::adapter ||
                       f == Form::product || f == Form::optional || f == Form::variant ||
                       f == Form::unique || f == Form::shared || f == Form::weak) {
    return container_tag<T, Seen..., T>();
  } else if constexpr (f == Form::bytes) {
    return mix(name_tag<T>, sizeof(T));
  } else {
    return name_tag<T>;
  }
}

template <class T>
inline constexpr std::uint64_t type_tag = tag_in<T>();

}  // namespace multiprocess::detail
