// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/plain.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace multiprocess::detail {

template <class T>
inline constexpr bool is_lock_free_atomic = false;
template <class T>
inline constexpr bool is_lock_free_atomic<std::atomic<T>> =
    plain<T>&& std::atomic<T>::is_always_lock_free;

/// What may lie in shared memory and be used there: it means the same in every process.
template <class T>
inline constexpr bool can_be_shared = (plain<T> || is_lock_free_atomic<T>)&&alignof(T) <= 64;

template <class T>
constexpr void require_shareable() {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>,
                "multiprocess: only objects that can change are shared");
  static_assert(can_be_shared<T>,
                "multiprocess: this type cannot lie in shared memory: it is not trivially copyable "
                "or holds a pointer or reference, which means nothing in another process; share "
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

/// Throws ValueError.
[[noreturn]] void throw_other_size(std::size_t given, std::size_t places);

std::string shared_data_repr(const char* class_name, std::string_view item, const SharedRef& ref);

/// Throws OwnerDied.
[[noreturn]] void throw_owner_died();

}  // namespace multiprocess::detail
