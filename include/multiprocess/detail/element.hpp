// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/number.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/detail/show.hpp>
#include <multiprocess/serialization.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

/// One step of arithmetic on an Object that holds a number: as Python's ints and floats mix.
template <class Op, class Other>
Object combine_objects(const Object& object, const Other& other, Op op) {
  if constexpr (std::is_same_v<Other, Object> || !is_number<Other>) {
    return Object(op(object.as<stored_t<Other>>(), other));
  } else if (object.is<Other>() || std::is_floating_point_v<Other>) {
    return Object(op(object.as<Other>(), other));
  } else if constexpr (std::is_invocable_v<Op, double, double>) {
    return object.is<double>() || object.is<float>()
               ? Object(op(object.as<double>(), static_cast<double>(other)))
               : Object(op(object.as<std::int64_t>(), static_cast<std::int64_t>(other)));
  } else {
    return Object(op(object.as<std::int64_t>(), static_cast<std::int64_t>(other)));
  }
}

template <class T>
inline constexpr bool is_element = false;

/// A value inside an object of a manager, by its place there: what `list[i]` and `dict[key]` give.
/// It reads, writes, compares and prints as the value does; assigning one to another copies the
/// value.
///
/// `Place` names it: get() and replace() are calls of the server, both of Blobs, and set() of a T.
template <class T, class Place>
class Element {
 public:
  explicit Element(Place place) : place_(std::move(place)) {}
  Element(const Element&) = default;

  /// The value as it is now: one call.
  T get() const { return place_.get().template as<T>(); }
  operator T() const { return get(); }
  template <class U>
  U as() const {
    if constexpr (std::is_same_v<T, Object> && !std::is_same_v<U, Object>) {
      return get().template as<U>();
    } else {
      return static_cast<U>(get());
    }
  }
  /// Of an Object: what it holds.
  template <class U>
  requires(std::is_same_v<T, Object> && !std::is_same_v<U, Object> &&
           (is_number<U> || std::is_same_v<U, std::string>))
  operator U() const {
    return as<U>();
  }

  const Element& operator=(const T& value) const {
    place_.set(value);
    return *this;
  }
  const Element& operator=(const Element& other) const { return *this = other.get(); }
  Element& operator=(const Element& other) {
    std::as_const(*this) = other.get();
    return *this;
  }
  template <class OtherPlace>
  const Element& operator=(const Element<T, OtherPlace>& other) const {
    return *this = other.get();
  }

  /// Changes the value in one step for everybody else: `f(T&)` runs here, again where somebody was
  /// quicker.
  template <class F>
  T change(F f) const {
    while (true) {
      const Blob before = place_.get();
      T value = before.template as<T>();
      f(value);
      if (place_.replace(before, value)) {
        return value;
      }
    }
  }

#define MULTIPROCESS_ELEMENT_OPERATOR(op)                                                    \
  template <class U>                                                                         \
  const Element& operator op##=(const U& other) const {                                      \
    combine(other, [](const auto& a, const auto& b) -> decltype(a op b) { return a op b; }); \
    return *this;                                                                            \
  }
  MULTIPROCESS_ELEMENT_OPERATOR(+)
  MULTIPROCESS_ELEMENT_OPERATOR(-)
  MULTIPROCESS_ELEMENT_OPERATOR(*)
  MULTIPROCESS_ELEMENT_OPERATOR(/)
  MULTIPROCESS_ELEMENT_OPERATOR(%)
  MULTIPROCESS_ELEMENT_OPERATOR(&)
  MULTIPROCESS_ELEMENT_OPERATOR(|)
  MULTIPROCESS_ELEMENT_OPERATOR(^)
  MULTIPROCESS_ELEMENT_OPERATOR(<<)
  MULTIPROCESS_ELEMENT_OPERATOR(>>)
#undef MULTIPROCESS_ELEMENT_OPERATOR

  T operator++() const {
    return combine(1, [](const auto& a, const auto& b) { return a + b; });
  }
  T operator--() const {
    return combine(1, [](const auto& a, const auto& b) { return a - b; });
  }

  /// Where the value is a proxy itself: a part of what it stands for, and its methods.
  template <class Index>
  auto operator[](Index&& index) const -> decltype(std::declval<const T&>()[index]) {
    return get()[std::forward<Index>(index)];
  }
  class Arrow {
   public:
    explicit Arrow(T value) : value_(std::move(value)) {}
    const T* operator->() const noexcept { return &value_; }

   private:
    T value_;
  };
  Arrow operator->() const {
    return Arrow(get());
  }

  template <class U>
  requires(!is_element<U>) friend bool operator==(const Element& a, const U& b) {
    return a.get() == b;
  }
  template <class OtherPlace>
  friend bool operator==(const Element& a, const Element<T, OtherPlace>& b) {
    return a.get() == b.get();
  }
  friend std::string mp_repr(const Element& element) {
    return detail::show(element.get());
  }

 private:
  template <class U, class Op>
  T combine(const U& other, Op op) const {
    return change([&](T& value) {
      if constexpr (std::is_same_v<T, Object>) {
        value = detail::combine_objects(value, detail::store(other), op);
      } else {
        value = static_cast<T>(op(std::as_const(value), other));
      }
    });
  }

  Place place_;
};

template <class T, class Place>
inline constexpr bool is_element<Element<T, Place>> = true;

}  // namespace multiprocess::detail
