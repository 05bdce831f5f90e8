// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/require_sendable.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace multiprocess {

template <class F>
class ForkOnly;

namespace detail {

/// What an argument is kept as: literals, char* and string_view as strings, spans as vectors.
template <class T>
struct Stored {
  using type = std::decay_t<T>;
};
template <class T>
requires(std::is_same_v<std::decay_t<T>, const char*> ||
         std::is_same_v<std::decay_t<T>, char*>) struct Stored<T> {
  using type = std::string;
};
template <class C, class Traits>
struct Stored<std::basic_string_view<C, Traits>> {
  using type = std::basic_string<C, Traits>;
};
template <class T, std::size_t N>
struct Stored<std::span<T, N>> {
  using type = std::vector<std::remove_cv_t<T>>;
};
template <class T>
using stored_t = typename Stored<std::remove_cvref_t<T>>::type;

template <class T>
stored_t<T> store(T&& value) {
  if constexpr (a_span<std::remove_cvref_t<T>>) {
    return stored_t<T>(value.begin(), value.end());
  } else {
    return stored_t<T>(std::forward<T>(value));
  }
}

/// How a target likes its arguments best: as lvalues of what is kept, else as rvalues, else with
/// strings as `const char*`, as which they may have come.
template <class T>
using as_text_t = std::conditional_t<std::is_same_v<T, std::string>, const char*, T&&>;

template <class F, class... Args>
inline constexpr bool callable_with_stored =
    std::is_invocable_v<F&, Args&...> || std::is_invocable_v<F&, Args...> ||
    std::is_invocable_v<F&, as_text_t<Args>...>;

template <class T>
as_text_t<T> as_text(T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value.c_str();
  } else {
    return std::move(value);
  }
}

template <class F, class... Args>
decltype(auto) call_with_stored(F& f, std::tuple<Args...>& arguments) {
  return std::apply(
      [&](Args&... each) -> decltype(auto) {
        if constexpr (std::is_invocable_v<F&, Args&...>) {
          return std::invoke(f, each...);
        } else if constexpr (std::is_invocable_v<F&, Args...>) {
          return std::invoke(f, std::move(each)...);
        } else {
          return std::invoke(f, as_text(each)...);
        }
      },
      arguments);
}

template <class F, class... Args>
constexpr void require_target() {
  require_sendable<F>();
  (require_sendable<Args>(), ...);
}

template <class T>
inline constexpr bool is_fork_only = made_from<T, ForkOnly>;

/// Throws TypeError for a null pointer to a function.
[[noreturn]] void throw_not_callable();
template <class F>
bool is_null(const F& f) {
  if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F>) {
    return f == nullptr;
  } else {
    return false;
  }
}
template <class F>
void require_not_null(const F& f) {
  if (is_null<std::decay_t<const F&>>(f)) {
    throw_not_callable();
  }
}

}  // namespace detail
}  // namespace multiprocess
