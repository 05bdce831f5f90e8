// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

namespace multiprocess::detail {

template <class T>
struct Zeros {
  unsigned char bytes[sizeof(T)];
};

// A bit_cast is a constant expression only when T holds no pointer, reference, member pointer or
// union, in itself or in a base or member: exactly what "its bytes mean the same elsewhere" needs.
// That T may have no constexpr constructor makes it no other question, but each compiler wants it
// asked in its own way: clang may not have such a T inside of anything, g++ not outside.
#if defined(__clang__)
template <class T>
constexpr int cast_from_zeros() {
  static_cast<void>(__builtin_bit_cast(T, Zeros<T>{}));
  return 1;
}
#else
template <class T>
union FromZeros {
  constexpr FromZeros() : value(__builtin_bit_cast(T, Zeros<T>{})) {}
  constexpr ~FromZeros() {}
  char literal;
  T value;
};

template <class T>
constexpr int cast_from_zeros() {
  const FromZeros<T> cast;
  static_cast<void>(cast);
  return 1;
}
#endif

template <class T>
concept CastFromZeros = requires {
  typename std::integral_constant<int, cast_from_zeros<T>()>;
};

template <class T>
struct Plain : std::false_type {};
// The intrinsic, not the variable template: g++ 12 changes its mind about closures once somebody
// asked whether they can be assigned, and the builtin is then a hard error.
template <class T>
requires(std::is_object_v<T>&& __is_trivially_copyable(T) &&
         std::is_trivially_copy_constructible_v<T>) struct Plain<T>
    : std::bool_constant<CastFromZeros<T>> {
};
template <class T, std::size_t N>
struct Plain<T[N]> : Plain<T> {};
template <class T, std::size_t N>
struct Plain<std::array<T, N>> : Plain<T> {};

/// Trivially copyable and provably free of pointers and references.
template <class T>
inline constexpr bool plain = Plain<T>::value;

/// A copy is a copy of the bytes.
template <class T>
inline constexpr bool bytewise =
    std::is_trivially_copy_constructible_v<T>&& std::is_trivially_destructible_v<T>;

/// A closure with such a member is not of standard layout, one with pointers alone is.
template <class T>
inline constexpr bool captures_reference = __is_trivially_copyable(T) && !plain<T> &&
                                           !std::is_standard_layout_v<T>;

/// Sets the bytes that belong to no member to zero, where the compiler knows how to.
template <class T>
void clear_padding([[maybe_unused]] T* value) {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  if constexpr (__is_trivially_copyable(T)) {
    __builtin_clear_padding(value);
  }
#endif
#endif
}

}  // namespace multiprocess::detail
