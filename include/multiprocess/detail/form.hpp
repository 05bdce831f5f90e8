// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/fields.hpp>
#include <multiprocess/detail/plain.hpp>
#include <multiprocess/detail/type_facts.hpp>
#include <multiprocess/detail/type_name.hpp>

#include <cereal/cereal.hpp>

#include <array>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

namespace multiprocess::detail {

class OutputArchive;
class InputArchive;

/// How the values of a type become bytes. The first that fits, from top to bottom of `form_of`.
enum class Form {
  none,         // they do not
  empty,        // there is nothing to write
  scalar,       // numbers, enumerations
  function,     // a pointer to a function: module and offset
  handle,       // `shared_handle`: travels beside the bytes
  codec,        // ours, with encode and decode
  own,          // the type's serialize, save or load: cereal
  bytes,        // plain
  elements,     // arrays
  sequence,     // vector, string, deque, list
  associative,  // map, set and their kin
  adapter,      // stack, queue
  product,      // tuple, pair
  optional,
  variant,
  unique,  // unique_ptr
  shared,  // shared_ptr
  weak,    // weak_ptr
  path,
  error,    // error_code
  members,  // an aggregate, member by member
  closure,  // bytes whose pointers are found when they are sent; see closure.hpp
};

/// Ours: `part_ops` says how it crosses; `require_kind(ref)`, where it means an object in the
/// arena, throws TypeError when that is one of another kind.
template <class T>
concept SharedHandle = requires {
  typename T::shared_handle;
};

/// Ours: `multiprocess_codec` says whether the parts may cross; `void encode(OutputArchive&) const`
/// and `static T decode(InputArchive&)`.
template <class T>
concept Coded = requires {
  T::multiprocess_codec;
};

template <class T>
inline constexpr bool in_std = type_name<T>().starts_with("std::");

/// Written by the author of the type, as members or beside it.
template <class T>
inline constexpr bool has_own_codec =
    cereal::traits::detail::count_output_serializers<T, OutputArchive>::value != 0 ||
    cereal::traits::detail::count_input_serializers<T, InputArchive>::value != 0;

template <class T, class... Seen>
consteval bool sendable_in();

template <class T, class... Seen>
consteval bool members_sendable() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (sendable_in<field_type<I, T>, Seen...>() && ...);
  }
  (std::make_index_sequence<field_count<T>>());
}

/// A closure or functor whose bytes can be looked through when it is sent.
template <class T>
inline constexpr bool searchable =
    bytewise<T> ? !captures_reference<T>
                : std::is_nothrow_copy_constructible_v<T> && !std::is_polymorphic_v<T>;

template <class T>
consteval Form form_of_std_container() {
  if constexpr (requires {
                  typename T::container_type;
                  typename T::value_type;
                }) {
    return Form::adapter;
  } else if constexpr (requires(T & t) {
                         typename T::key_type;
                         t.clear();
                         t.begin();
                       }) {
    return Form::associative;
  } else if constexpr (requires(T & t) {
                         t.clear();
                         t.push_back(*t.begin());
                         t.size();
                       }) {
    return Form::sequence;
  } else if constexpr (requires(T & t) {
                         T::preferred_separator;
                         t.native();
                       }) {
    return Form::path;
  } else {
    return Form::none;
  }
}

template <class T>
consteval Form form_of_callable() {
  if constexpr (made_from<T, std::reference_wrapper> || made_from<T, std::function>) {
    return Form::none;
  } else if constexpr (is_callable_class<T>() && searchable<T>) {
    return Form::closure;
  } else {
    return Form::none;
  }
}

template <class T>
consteval Form form_of_std() {
  if constexpr (made_from<T, std::tuple> || made_from<T, std::pair>) {
    return Form::product;
  } else if constexpr (made_from<T, std::optional>) {
    return Form::optional;
  } else if constexpr (made_from<T, std::variant>) {
    return Form::variant;
  } else if constexpr (a_unique_ptr<T> || made_from<T, std::shared_ptr>) {
    // What the pointer really points at is known to cereal alone, and only when it was registered.
    using Pointee = typename T::element_type;
    if constexpr (std::is_array_v<Pointee> || std::is_void_v<Pointee>) {
      return Form::none;
    } else if constexpr (std::is_polymorphic_v<Pointee> && !std::is_final_v<Pointee>) {
      return has_own_codec<T> ? Form::own : Form::none;
    } else {
      return a_unique_ptr<T> ? Form::unique : Form::shared;
    }
  } else if constexpr (made_from<T, std::weak_ptr>) {
    return form_of_std<std::shared_ptr<typename T::element_type>>() == Form::shared ? Form::weak
                                                                                    : Form::none;
  } else if constexpr (std::is_same_v<T, std::error_code>) {
    return Form::error;
  } else if constexpr (a_view<T>) {
    return Form::none;
  } else if constexpr (constexpr Form container = form_of_std_container<T>();
                       container != Form::none) {
    return container;
  } else if constexpr (form_of_callable<T>() == Form::closure) {
    return Form::closure;
  } else {
    return has_own_codec<T> ? Form::own : Form::none;  // one of cereal's headers knows the type
  }
}

template <class T>
consteval Form form_of_class() {
  if constexpr (SharedHandle<T>) {
    return Form::handle;
  } else if constexpr (Coded<T>) {
    return Form::codec;
  } else if constexpr (in_std<T>) {
    if constexpr (std::is_empty_v<T> && bytewise<T>) {
      return Form::empty;
    } else if constexpr (plain<T> || type_name<T>().starts_with("std::complex<")) {
      return Form::bytes;  // clang 14 cannot tell that complex numbers are plain
    } else {
      return form_of_std<T>();
    }
  } else if constexpr (has_own_codec<T>) {
    return Form::own;
  } else if constexpr (std::is_empty_v<T> && bytewise<T>) {
    return Form::empty;
  } else if constexpr (plain<T>) {
    return Form::bytes;
  } else if constexpr (walkable<T>) {
    if constexpr (!is_callable_class<T>()) {
      return Form::members;
    } else {
      return members_sendable<T, T>() ? Form::members : form_of_callable<T>();
    }
  } else {
    return form_of_callable<T>();
  }
}

template <class T>
consteval Form form_of() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return Form::scalar;
  } else if constexpr (std::is_null_pointer_v<T>) {
    return Form::empty;
  } else if constexpr (std::is_pointer_v<T>) {
    return std::is_function_v<std::remove_pointer_t<T>> ? Form::function : Form::none;
  } else if constexpr (std::is_member_pointer_v<T>) {
    return Form::closure;
  } else if constexpr (std::is_bounded_array_v<T>) {
    return Form::elements;
  } else if constexpr (!std::is_class_v<T>) {
    return plain<T> ? Form::bytes : Form::none;
  } else if constexpr (requires {
                         []<class U, std::size_t N>(const std::array<U, N>&) {}(std::declval<T&>());
                       } &&
                       in_std<T>) {
    return Form::elements;
  } else {
    return form_of_class<T>();
  }
}

template <class T>
inline constexpr Form form = form_of<T>();

/// What remains to be asked about a type once its form is known; `Seen` ends recursive types.
template <class T, class... Seen>
consteval bool sendable_in() {
  if constexpr ((std::is_same_v<T, Seen> || ...)) {
    return true;
  } else if constexpr (form<T> == Form::codec) {
    return T::multiprocess_codec;
  } else if constexpr (form<T> == Form::elements) {
    using Element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
    return sendable_in<Element, Seen..., T>();
  } else if constexpr (form<T> == Form::associative) {
    if constexpr (requires { typename T::mapped_type; }) {
      return sendable_in<typename T::key_type, Seen..., T>() &&
             sendable_in<typename T::mapped_type, Seen..., T>();
    } else {
      return sendable_in<typename T::key_type, Seen..., T>();
    }
  } else if constexpr (form<T> == Form::sequence || form<T> == Form::adapter ||
                       form<T> == Form::optional) {
    return sendable_in<typename T::value_type, Seen..., T>();
  } else if constexpr (form<T> == Form::unique || form<T> == Form::shared ||
                       form<T> == Form::weak) {
    return sendable_in<std::remove_cv_t<typename T::element_type>, Seen..., T>();
  } else if constexpr (form<T> == Form::product || form<T> == Form::variant) {
    return []<template <class...> class Template, class... A>(const Template<A...>*) {
      return (sendable_in<std::remove_cv_t<A>, Seen..., T>() && ...);
    }(static_cast<const T*>(nullptr));
  } else if constexpr (form<T> == Form::members) {
    return members_sendable<T, Seen..., T>();
  } else {
    return form<T> != Form::none;
  }
}

}  // namespace multiprocess::detail
