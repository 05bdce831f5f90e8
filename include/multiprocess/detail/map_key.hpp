// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/shared_data.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace multiprocess::detail {

[[noreturn]] void throw_no_such_key();
/// Throws ValueError.
[[noreturn]] void throw_key_too_long(std::size_t length, std::size_t most);

/// A key as it lies in shared memory.
template <class K>
struct MapKey {
  K key;

  explicit MapKey(const K& from) : key(from) { require_shareable<K>(); }
  explicit operator K() const { return key; }
  friend bool operator<(const MapKey& a, const MapKey& b) { return a.key < b.key; }
};

/// Text that is too long is refused, never cut.
template <>
struct MapKey<std::string> {
  static constexpr std::size_t most = 63;

  explicit MapKey(std::string_view from) {
    if (from.size() > most) {
      throw_key_too_long(from.size(), most);
    }
    length = static_cast<unsigned char>(from.size());
    from.copy(text.data(), from.size());
  }
  explicit operator std::string() const { return std::string(view()); }
  std::string_view view() const noexcept { return {text.data(), length}; }
  friend bool operator<(const MapKey& a, const MapKey& b) { return a.view() < b.view(); }

  unsigned char length = 0;
  std::array<char, most> text{};
};

}  // namespace multiprocess::detail
