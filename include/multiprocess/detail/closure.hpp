// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/copy_recorder.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace multiprocess::detail {

/// The bytes of a closure on its way out: a copy that may be changed, and the handles found in it.
struct ClosureState {
  std::span<std::byte> bytes;
  const CopyRecorder* recorder;  // null when it cannot hold handles
  std::string_view type;
  bool vouched;  // by_value: addresses of the stack and the heap pass
};

/// Pointers into modules and handles are written as such, the rest as it is. Throws NotSendable for
/// pointers into other memory, naming the type, the place in it and what lies there.
void save_state(OutputArchive& archive, ClosureState state);

/// With zeros, also where a compiler sees that an object is made there afterwards: what the object
/// does not write, between its members, stays so.
void clear(std::span<std::byte> bytes) noexcept;

/// Fills `bytes` so that they are the closure: handles are made in place.
void load_state(InputArchive& archive, std::span<std::byte> bytes);

/// Throws NotSendable unless the address is that of code in a module.
void save_function(OutputArchive& archive, std::uintptr_t address);
std::uintptr_t read_function(InputArchive& archive);

/// For receivers that may run another program: where the function is in this one. They read 0 then.
void save_function_hint(OutputArchive& archive, std::uintptr_t address);
std::uintptr_t read_function_hint(InputArchive& archive);

template <class T>
void save_closure(OutputArchive& archive, const T& value, bool vouched = false) {
  alignas(T) std::byte copy[sizeof(T)];
  if constexpr (bytewise<T>) {
    std::memcpy(copy, std::addressof(value), sizeof(T));
    clear_padding(std::launder(reinterpret_cast<T*>(copy)));
    save_state(archive, {copy, nullptr, type_name<T>(), vouched});
  } else {
    static_assert(std::is_nothrow_copy_constructible_v<T>);
    detail::clear(copy);
    const CopyRecorder recorder;
    const std::unique_ptr<T, void (*)(T*)> object(::new (copy) T(value), std::destroy_at<T>);
    save_state(archive, {copy, &recorder, type_name<T>(), vouched});
  }
}

template <class T>
T read_closure(InputArchive& archive) {
  alignas(T) std::byte bytes[sizeof(T)];
  load_state(archive, bytes);
  T* const object = std::launder(reinterpret_cast<T*>(bytes));
  if constexpr (bytewise<T>) {
    return *object;
  } else {
    const std::unique_ptr<T, void (*)(T*)> owner(object, std::destroy_at<T>);
    return T(std::move(*object));
  }
}

}  // namespace multiprocess::detail
