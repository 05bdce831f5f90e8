// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/number.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/serialization.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace multiprocess {

using Bytes = std::vector<std::byte>;

namespace detail {

/// What a ShareableList holds.
class ListItem {
 public:
  static constexpr bool multiprocess_codec = true;

  ListItem() = default;
  ListItem(std::nullopt_t) {}
  ListItem(std::nullptr_t) {}
  /// Only None. Throws TypeError for anything else.
  template <std::same_as<Object> O>
  ListItem(const O& none) {
    if (!none.is_none()) {
      throw_no_item();
    }
  }
  ListItem(std::same_as<bool> auto value) : value_(value) {}
  /// Throws ValueError for an integer outside of 64 bits with a sign.
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
           !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>)
      ListItem(T value)
      : value_(in_range(std::in_range<std::int64_t>(value), value)) {}
  ListItem(std::floating_point auto value) : value_(static_cast<double>(value)) {}
  template <std::convertible_to<std::string_view> T>
  ListItem(const T& text) : value_(std::string(std::string_view(text))) {}
  ListItem(multiprocess::Bytes bytes) : value_(std::move(bytes)) {}

  using Value =
      std::variant<std::monostate, bool, std::int64_t, double, std::string, multiprocess::Bytes>;
  const Value& value() const noexcept { return value_; }
  bool is_none() const noexcept { return value_.index() == 0; }
  template <class T>
  bool is() const noexcept {
    return std::holds_alternative<T>(value_);
  }

  /// Numbers and bools become one another where nothing is lost, else it throws TypeError.
  template <class T>
  T as() const;

  /// Of the same kind and value; numbers by value, as in Python.
  friend bool operator==(const ListItem& a, const ListItem& b);
  template <std::same_as<Object> O>
  friend bool operator==(const ListItem& a, const O& none) {
    return a == ListItem(none);
  }
  friend std::string mp_repr(const ListItem& item);
  template <class Char, class Traits>  // that of namespace multiprocess is not found from here
  friend std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out,
                                                      const ListItem& item) {
    return out << mp_repr(item);
  }

  void encode(OutputArchive& archive) const;
  static ListItem decode(InputArchive& archive);

 private:
  template <class T>
  static std::int64_t in_range(bool fits, T value) {
    if (!fits) {
      throw_too_large();
    }
    return static_cast<std::int64_t>(value);
  }
  [[noreturn]] static void throw_too_large();
  [[noreturn]] static void throw_no_item();
  [[noreturn]] void throw_other_type(std::string_view wanted) const;
  std::optional<Number> number() const;

  Value value_;
};

template <class T>
T ListItem::as() const {
  if constexpr (std::is_same_v<T, ListItem>) {
    return *this;
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, multiprocess::Bytes>) {
    if (const T* const held = std::get_if<T>(&value_)) {
      return *held;
    }
  } else {
    static_assert(is_number<T>,
                  "multiprocess: the items of a ShareableList are numbers, "
                  "bools, std::string and mp::Bytes");
    T result{};
    if (const auto held = number(); held && held->convert(result)) {
      return result;
    }
  }
  throw_other_type(type_name<T>());
}

/// Throws ValueError unless the text is UTF-8.
void require_utf8(std::string_view text);

}  // namespace detail

}  // namespace multiprocess
