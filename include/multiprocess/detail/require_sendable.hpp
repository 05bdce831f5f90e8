// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/form.hpp>

namespace multiprocess::detail {

/// Fails to compile, with a sentence that says what to write instead, unless T may cross.
template <class T>
constexpr void require_sendable();

template <class T>
constexpr void require_callable_sendable() {
  static_assert(!made_from<T, std::function>,
                "multiprocess: std::function cannot be sent to another process; use "
                "multiprocess::Function instead");
  if constexpr (!made_from<T, std::function>) {
    static_assert(!captures_reference<T>,
                  "multiprocess: this closure captures by reference, which means nothing in "
                  "another process: capture by value ([=], [x]), capture a shared object "
                  "(mp::Value, mp::Queue), use mp::fork_only(f), or vouch for it with "
                  "mp::by_value(f)");
    static_assert(captures_reference<T> || form<T> != Form::none,
                  "multiprocess: this callable holds values that cannot be sent as bytes "
                  "(std::string, std::vector, std::function, ...): write "
                  "MP_FN((captures), (parameters) { body }), mp::partial(f, values...) or "
                  "mp::Function, or give the class serialize");
  }
}

template <class T>
constexpr void require_members_sendable() {
  []<std::size_t... I>(std::index_sequence<I...>) {
    (require_sendable<field_type<I, T>>(), ...);
  }
  (std::make_index_sequence<field_count<T>>());
}

template <class T>
constexpr void require_arguments_sendable() {
  []<template <class...> class Template, class... A>(const Template<A...>*) {
    (require_sendable<std::remove_cv_t<A>>(), ...);
  }(static_cast<const T*>(nullptr));
}

/// `stays_in_its_process`: a Process, a Pool, what they give.
template <class T>
concept Stays = requires {
  typename T::stays_in_its_process;
};

template <class T>
constexpr void require_sendable() {
  if constexpr (!sendable_in<T>()) {
    if constexpr (Stays<T>) {
      static_assert(sendable_in<T>(),
                    "multiprocess: a Process, a pool, a manager or an AsyncResult belongs to the "
                    "process that made it: hand over what they work with (an mp::Queue, an "
                    "mp::Event, a proxy), make one over there, or let a manager have the pool "
                    "(manager.Pool(4)), whose proxy can be sent");
    } else if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
      static_assert(form<T> != Form::none,
                    "multiprocess: a pointer to characters means nothing in another process: send "
                    "a std::string, also as a member (std::tuple(42, std::string(\"hello\")))");
    } else if constexpr (std::is_pointer_v<T> || std::is_reference_v<T>) {
      static_assert(form<T> != Form::none,
                    "multiprocess: a raw pointer means nothing in another process: send the value "
                    "itself, a std::unique_ptr or std::shared_ptr to it, or a shared object "
                    "(mp::Value, mp::Array, mp::SharedMemory)");
    } else if constexpr (made_from<T, std::reference_wrapper>) {
      static_assert(form<T> != Form::none,
                    "multiprocess: std::reference_wrapper means nothing in another process: send "
                    "the value itself, or a shared object (mp::Value, mp::Queue)");
    } else if constexpr (a_view<T>) {
      static_assert(form<T> != Form::none,
                    "multiprocess: a view (string_view, span) does not own what it shows: send a "
                    "std::string or std::vector");
    } else if constexpr (form<T> == Form::members) {
      require_members_sendable<T>();
    } else if constexpr (form<T> == Form::product || form<T> == Form::variant) {
      require_arguments_sendable<T>();
    } else if constexpr (form<T> == Form::associative) {
      require_sendable<typename T::key_type>();
      if constexpr (requires { typename T::mapped_type; }) {
        require_sendable<typename T::mapped_type>();
      }
    } else if constexpr (requires { typename T::value_type; } && form<T> != Form::none) {
      require_sendable<typename T::value_type>();
    } else if constexpr (requires { typename T::element_type; } && form<T> != Form::none) {
      require_sendable<std::remove_cv_t<typename T::element_type>>();
    } else if constexpr (is_callable_class<T>()) {
      require_callable_sendable<T>();
    } else {
      static_assert(sendable_in<T>(),
                    "multiprocess: values of this type cannot be sent to another process: give it "
                    "`template <class Archive> void serialize(Archive& ar) { ar(members...); }`, "
                    "or make it a plain aggregate without base classes, of things that can be sent "
                    "(mutexes, threads, streams and the like never can: share an mp::Lock, an "
                    "mp::Fd, ...)");
    }
  }
}

}  // namespace multiprocess::detail
