// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace multiprocess::detail {

struct CallOperator {
  void operator()();
};
template <class T>
struct TwoCallOperators : T, CallOperator {};

/// Whether T has any operator(), a template one included: then looking it up is ambiguous here.
template <class T>
consteval bool is_callable_class() {
  if constexpr (!std::is_class_v<T>) {
    return false;
  } else if constexpr (std::is_final_v<T>) {
    return requires {
      &T::operator();
    };
  } else {
    return !requires {
      &TwoCallOperators<T>::operator();
    };
  }
}

template <class T>
struct AnyBaseOf {
  template <class U>
  requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>) operator U&() const;
};

/// An aggregate whose members can be counted: without bases, and without references (which only a
/// type with neither a default value nor standard layout can hide).
template <class T>
inline constexpr bool walkable = std::is_aggregate_v<T> && !requires {
  T{AnyBaseOf<T>{}};
}
&&(std::is_default_constructible_v<T> || std::is_standard_layout_v<T>);

template <class T, template <class...> class Template>
inline constexpr bool made_from = false;
template <template <class...> class Template, class... A>
inline constexpr bool made_from<Template<A...>, Template> = true;

/// Whether copying compiles: a container says that it does, whatever its items say.
template <class T>
inline constexpr bool can_copy = std::is_copy_constructible_v<T>;
template <class T>
requires requires {
  typename T::value_type;
} &&(!std::is_same_v<typename T::value_type, T>)  //
    inline constexpr bool can_copy<T> =
        std::is_copy_constructible_v<T> && can_copy<std::remove_const_t<typename T::value_type>>;

template <class T>
inline constexpr bool a_span = false;
template <class T, std::size_t N>
inline constexpr bool a_span<std::span<T, N>> = true;
template <class T>
inline constexpr bool a_view = a_span<T>;
template <class C, class Traits>
inline constexpr bool a_view<std::basic_string_view<C, Traits>> = true;

/// std::unique_ptr with its usual deleter: the only one that the receiver can make.
template <class T>
inline constexpr bool a_unique_ptr = false;
template <class T>
inline constexpr bool a_unique_ptr<std::unique_ptr<T>> = !std::is_array_v<T>;

}  // namespace multiprocess::detail
