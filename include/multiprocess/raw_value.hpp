// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/repr.hpp>
#include <multiprocess/detail/shared_data.hpp>

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

namespace multiprocess {

namespace detail {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"  // zero, as the caller may want

/// A T of arguments, in parentheses where that works, else in braces.
template <class T, class... A>
T make_item(A&&... args) {
  if constexpr (sizeof...(A) == 1 && std::is_constructible_v<T, A...>) {
    return item_of<T>(std::forward<A>(args)...);
  } else if constexpr (std::is_constructible_v<T, A...>) {
    return T(std::forward<A>(args)...);
  } else {
    return T{std::forward<A>(args)...};
  }
}

#pragma GCC diagnostic pop

template <class T, class Self, class... A>
concept InitialArguments =
    !(sizeof...(A) == 1 && (std::derived_from<std::remove_cvref_t<A>, Self> && ...)) &&
    (std::is_constructible_v<T, A...> || requires { T{std::declval<A>()...}; });

}  // namespace detail

/// One object in shared memory, without a lock. Any trivially copyable type without pointers, or a
/// std::atomic of such a type.
///
/// A copyable handle: copies, in whatever process, are the same object. What several processes do
/// to it at once is a data race, unless T is a std::atomic.
template <class T>
class RawValue {
 public:
  using shared_handle = void;
  using value_type = typename detail::Held<T>::type;

  /// Zero. Throws std::bad_alloc when shared memory is short.
  RawValue() : ref_(make()) {}

  /// T(args...), or T{args...} for an aggregate.
  template <class... A>
  requires(sizeof...(A) > 0 &&
           detail::InitialArguments<value_type, RawValue<T>, A...>) explicit RawValue(A&&... args)
      : RawValue() {
    set_value(detail::make_item<value_type>(std::forward<A>(args)...));
  }

  value_type value() const noexcept { return get_obj(); }
  void set_value(const value_type& value) const noexcept {
    detail::assign_item<T>(get_obj(), value);
  }

  /// The object itself; valid as long as a handle is.
  T& get_obj() const noexcept {
    return *static_cast<detail::SharedItems*>(ref_.address())->template items<T>();
  }

  friend bool operator==(const RawValue&, const RawValue&) = default;
  friend std::string mp_repr(const RawValue& value) {
    std::string number;
    if constexpr (std::is_same_v<T, char>) {
      const char byte = value.value();
      number = detail::quoted_bytes({&byte, 1});
    } else if constexpr (detail::is_number<T>) {
      number = detail::Number(value.value()).repr();
    }
    return detail::raw_value_repr(detail::item_name<T>, number, value.ref_);
  }

  /// How it crosses: beside the bytes of the message.
  static constexpr const detail::PartOps& part_ops = detail::SharedRef::part_ops;
  static void require_kind(const detail::SharedRef& received) {
    detail::require_shared_items(received, detail::ItemType<T>::tag, detail::type_name<T>());
  }

 private:
  static detail::SharedRef make() {
    detail::require_shareable<T>();
    return detail::make_shared_items(detail::ItemType<T>::tag, sizeof(T),
                                     detail::SharedItems::offset<T>, 1);
  }

  detail::SharedRef ref_;
};

template <class T>
requires(!std::is_pointer_v<T>) RawValue(T)
->RawValue<T>;

/// A new object, apart from the first, with the same value at this moment.
template <class T>
RawValue<T> copy(const RawValue<T>& value) {
  return RawValue<T>(value.value());
}

}  // namespace multiprocess
