// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/byte_view.hpp>
#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/require_sendable.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
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

/// A range as it is, of a literal its text without the NUL.
template <class Range>
Range&& items_of(Range&& range) noexcept {
  return std::forward<Range>(range);
}
template <Character C, std::size_t N>
std::basic_string_view<C> items_of(const C (&literal)[N]) noexcept {
  return {literal, literal[N - 1] == C{} ? N - 1 : N};
}

/// Whether the target takes these kept arguments, those whose bit is set as rvalues.
template <class F, std::size_t Rvalues, class... Args>
inline constexpr bool takes_kept = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::is_invocable_v<F&, std::conditional_t<(Rvalues >> I & 1) != 0, Args&&, Args&>...>;
}
(std::index_sequence_for<Args...>{});

inline constexpr std::size_t not_callable = ~std::size_t{0};

/// How a target likes its arguments best, a bit for each rvalue: as lvalues, else as rvalues, else
/// (for up to four) mixed.
template <class F, class... Args>
consteval std::size_t best_rvalues() {
  constexpr std::size_t all = (std::size_t{1} << sizeof...(Args)) - 1;
  if constexpr (takes_kept<F, 0, Args...>) {
    return 0;
  } else if constexpr (takes_kept<F, all, Args...>) {
    return all;
  } else if constexpr (sizeof...(Args) <= 4) {
    return []<std::size_t... Mask>(std::index_sequence<Mask...>) {
      std::size_t best = not_callable;
      (void)((takes_kept<F, Mask, Args...> && (best = Mask, true)) || ...);
      return best;
    }
    (std::make_index_sequence<all>{});
  } else {
    return not_callable;
  }
}

/// For a target that wants strings as `const char*`, as which they may have come.
template <class T>
using as_text_t = std::conditional_t<std::is_same_v<T, std::string>, const char*, T&&>;

/// Text is tried last: to ask a generic lambda is to compile its body for it.
template <class F, class... Args>
constexpr bool is_callable_with_stored() {
  if constexpr (best_rvalues<F, Args...>() != not_callable) {
    return true;
  } else {
    return std::is_invocable_v<F&, as_text_t<Args>...>;
  }
}
template <class F, class... Args>
inline constexpr bool callable_with_stored = is_callable_with_stored<F, Args...>();

template <bool Rvalue, class T>
auto as_liked(T& value) -> std::conditional_t<Rvalue, T&&, T&> {
  return static_cast<std::conditional_t<Rvalue, T&&, T&>>(value);
}

template <class T>
as_text_t<T> as_text(T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value.c_str();
  } else {
    return std::move(value);
  }
}

/// Calls the target with what was kept for it, each as the target likes it.
template <class F, class... Args>
decltype(auto) call_with_kept(F& f, Args&... arguments) {
  constexpr std::size_t rvalues = best_rvalues<F, Args...>();
  return [&]<std::size_t... I>(std::index_sequence<I...>)->decltype(auto) {
    if constexpr (rvalues != not_callable) {
      return std::invoke(f, as_liked<(rvalues >> I & 1) != 0>(arguments)...);
    } else {
      return std::invoke(f, as_text(arguments)...);
    }
  }
  (std::index_sequence_for<Args...>{});
}

template <class F, class... Args>
decltype(auto) call_with_stored(F& f, std::tuple<Args...>& arguments) {
  return [&]<std::size_t... I>(std::index_sequence<I...>)->decltype(auto) {
    return call_with_kept(f, std::get<I>(arguments)...);
  }
  (std::index_sequence_for<Args...>{});
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
  if (detail::is_null<std::decay_t<const F&>>(f)) {
    throw_not_callable();
  }
}

}  // namespace detail
}  // namespace multiprocess
