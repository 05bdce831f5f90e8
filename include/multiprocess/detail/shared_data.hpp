// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/number.hpp>
#include <multiprocess/detail/plain.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

template <class T>
inline constexpr bool is_lock_free_atomic = false;
template <class T>
inline constexpr bool is_lock_free_atomic<std::atomic<T>> =
    plain<T>&& std::atomic<T>::is_always_lock_free;

/// Clang 14 cannot tell that complex numbers are plain.
template <class T>
inline constexpr bool plain_data = plain<T> || type_name<T>().starts_with("std::complex<");

/// What may lie in shared memory and be used there: it means the same in every process.
template <class T>
inline constexpr bool can_be_shared = (plain_data<T> || is_lock_free_atomic<T>)&&alignof(T) <= 64;

template <class T>
constexpr void require_shareable() {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>,
                "multiprocess: only objects that can change are shared");
  static_assert(can_be_shared<T>,
                "multiprocess: this type cannot lie in shared memory: it is not trivially copyable "
                "or holds a pointer or reference, which means nothing in another process (or a "
                "union, as std::optional does, in which nobody sees whether it does); share "
                "numbers, enums, arrays and structs of them, std::atomic of those, or put text and "
                "containers into mp::SharedVector, mp::SharedString, mp::SharedMap");
}

/// In the arena: items of one type, one after the other.
struct SharedItems {
  std::uint64_t type;  // type_tag of an item
  std::uint64_t count;

  template <class T>
  static constexpr std::size_t offset = alignof(T) > 16 ? 64 : 16;

  template <class T>
  T* items() noexcept {
    return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + offset<T>);
  }
};

/// Tells types apart that lie differently, and an atomic from what it holds.
template <class T>
struct ItemType {
  static constexpr std::uint64_t tag = type_tag<T>;
};
template <class T>
struct ItemType<std::atomic<T>> {
  static constexpr std::uint64_t tag = type_tag<T> + 1;
};

/// New items, all bytes zero. Throws ValueError for more than can be, std::bad_alloc when memory is
/// short.
SharedRef make_shared_items(std::uint64_t type, std::size_t item_size, std::size_t offset,
                            std::ptrdiff_t count);

/// Throws TypeError when what was received holds items of another type.
void require_shared_items(const SharedRef& received, std::uint64_t type, std::string_view name);

/// Where item `index` is, counted from the end when it is negative. Throws IndexError.
std::size_t checked_index(std::ptrdiff_t index, std::size_t size);

/// A part of `size` items beginning with `begin`; both as in Python's `[begin:end]`.
struct Slice {
  std::size_t begin;
  std::size_t end;
};
Slice python_slice(std::ptrdiff_t begin, std::ptrdiff_t end, std::size_t size) noexcept;

/// What a std::atomic holds, else the type itself.
template <class T>
struct Held {
  using type = T;
};
template <class T>
struct Held<std::atomic<T>> {
  using type = T;
};

/// Also to atomics, and to what has const members.
template <class T>
void assign_item(T& item, const typename Held<T>::type& value) noexcept {
  if constexpr (!std::is_same_v<typename Held<T>::type, T> || std::is_copy_assignable_v<T>) {
    item = value;
  } else {
    std::memcpy(static_cast<void*>(&item), &value, sizeof(T));
  }
}

/// Throws ValueError.
[[noreturn]] void throw_other_size(std::size_t given, std::size_t places);
[[noreturn]] void throw_not_one_of(std::string_view type);

/// A T made of something else. Throws ValueError where an integer cannot be the same number:
/// unlike in Python nothing wraps silently.
template <class T, class A>
T item_of(A&& value) {
  using From = std::remove_cvref_t<A>;
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && is_number<From> &&
                !std::is_same_v<T, From>) {
    T item{};
    if (!Number(value).convert(item)) {
      throw_not_one_of(type_name<T>());
    }
    return item;
  } else {
    return static_cast<T>(std::forward<A>(value));
  }
}

/// What Python calls the types that both have.
template <class T>
inline constexpr std::string_view item_name = type_name<T>();
template <>
inline constexpr std::string_view item_name<bool> = "c_bool";
template <>
inline constexpr std::string_view item_name<char> = "c_char";
template <>
inline constexpr std::string_view item_name<wchar_t> = "c_wchar";
template <>
inline constexpr std::string_view item_name<signed char> = "c_byte";
template <>
inline constexpr std::string_view item_name<unsigned char> = "c_ubyte";
template <>
inline constexpr std::string_view item_name<short> = "c_short";
template <>
inline constexpr std::string_view item_name<unsigned short> = "c_ushort";
template <>
inline constexpr std::string_view item_name<int> = "c_int";
template <>
inline constexpr std::string_view item_name<unsigned> = "c_uint";
template <>
inline constexpr std::string_view item_name<long> = "c_long";
template <>
inline constexpr std::string_view item_name<unsigned long> = "c_ulong";
template <>
inline constexpr std::string_view item_name<long long> = "c_longlong";
template <>
inline constexpr std::string_view item_name<unsigned long long> = "c_ulonglong";
template <>
inline constexpr std::string_view item_name<float> = "c_float";
template <>
inline constexpr std::string_view item_name<double> = "c_double";

/// `c_int(5)`, `<Point object at 0x...>`.
std::string raw_value_repr(std::string_view item, std::string_view number, const SharedRef& ref);
std::string raw_array_repr(std::string_view item, const SharedRef& ref);

/// Throws OwnerDied.
[[noreturn]] void throw_owner_died();

}  // namespace multiprocess::detail
