// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/number.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/type_name.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace multiprocess::detail {

template <class T>
std::string show(const T& value);

template <class Range, class Each>
std::string show_all(char open, const Range& range, char close, Each each) {
  std::string text(1, open);
  for (const auto& item : range) {
    text += text.size() == 1 ? "" : ", ";
    text += each(item);
  }
  return text += close;
}

template <class Tuple>
std::string show_tuple(const Tuple& items) {
  std::string text = "(";
  std::apply(
      [&text](const auto&... item) {
        ((text += text.size() == 1 ? "" : ", ", text += detail::show(item)), ...);
        text += sizeof...(item) == 1 ? ",)" : ")";
      },
      items);
  return text;
}

/// A value as Python's repr shows one of its kind; of what has none of its own, `<Person object>`.
template <class T>
std::string show(const T& value) {
  if constexpr (Represented<T>) {
    return mp_repr(value);
  } else if constexpr (std::is_same_v<T, char>) {
    return detail::quoted({&value, 1});
  } else if constexpr (is_number<T>) {
    return Number(value).repr();
  } else if constexpr (std::is_enum_v<T>) {
    return detail::show(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return detail::quoted(value);
  } else if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
    return quoted_bytes({reinterpret_cast<const char*>(value.data()), value.size()});
  } else if constexpr (requires {
                         typename T::mapped_type;
                         value.begin();
                       }) {
    return detail::show_all('{', value, '}', [](const auto& item) {
      return detail::show(item.first) + ": " + detail::show(item.second);
    });
  } else if constexpr (requires {
                         typename T::key_type;
                         value.begin();
                       }) {
    return value.begin() == value.end() ? "set()"
                                        : detail::show_all('{', value, '}', [](const auto& item) {
                                            return detail::show(item);
                                          });
  } else if constexpr (std::ranges::input_range<const T>) {
    return detail::show_all('[', value, ']', [](const auto& item) {
      return detail::show(static_cast<const std::ranges::range_value_t<const T>&>(item));
    });
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? detail::show(*value) : "None";
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return detail::show_tuple(value);
  } else if constexpr (fmt::is_formattable<T>::value) {
    return fmt::format("{}", value);
  } else {
    return fmt::format("<{} object>", plain_class_name(type_name<T>()));
  }
}

/// `PoolOptions(processes=2, seed=1)`: an object by its attributes, as Python writes one.
class Attributes {
 public:
  explicit Attributes(std::string_view class_name) : text_(class_name) { text_ += '('; }

  template <class T>
  Attributes& add(std::string_view name, const T& value) {
    text_ += text_.back() == '(' ? "" : ", ";
    (text_ += name) += '=';
    text_ += detail::show(value);
    return *this;
  }
  /// Unless it is what it is in an object of which nothing was said.
  template <class T>
  Attributes& add_set(std::string_view name, const T& value, const T& usual) {
    return value == usual ? *this : add(name, value);
  }
  /// Of what cannot be shown, that it is there.
  Attributes& add_present(std::string_view name, bool present) {
    if (present) {
      add(name, Ellipsis());
    }
    return *this;
  }

  std::string text() const { return text_ + ')'; }

 private:
  struct Ellipsis {
    friend std::string mp_repr(Ellipsis) { return "..."; }
  };

  std::string text_;
};

}  // namespace multiprocess::detail
