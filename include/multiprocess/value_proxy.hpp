// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/element.hpp>
#include <multiprocess/detail/manager_methods.hpp>

#include <string>
#include <utility>

namespace multiprocess {

/// One value of any type in a manager's server; `manager.Value<int>(5)` makes one.
///
/// It reads and writes like the value: `v += 1` is one step. Python's `v.value = 5` is
/// `v.set_value(5)` or `v = 5`.
template <class T = Object>
class ValueProxy : public BaseProxy {
  using Method = detail::ValueMethod;
  struct Place;

 public:
  static constexpr std::string_view type_id = "Value";
  using value_type = T;

  explicit ValueProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  T get() const { return call(Method::get).send().template get_value<T>(); }
  void set(const T& value) const {
    detail::ProxyCall call = this->call(Method::set);
    call.template put_value<T>(value);
    call.send();
  }
  T value() const { return get(); }
  void set_value(const T& value) const { set(value); }
  operator T() const { return get(); }
  const ValueProxy& operator=(const T& value) const {
    set(value);
    return *this;
  }

  /// The value as a place: `v.element() += 1`, and what else there is for items of a list.
  detail::Element<T, Place> element() const { return detail::Element<T, Place>(Place{*this}); }
  template <class U>
  const ValueProxy& operator+=(const U& other) const {
    return element() += other, *this;
  }
  template <class U>
  const ValueProxy& operator-=(const U& other) const {
    return element() -= other, *this;
  }
  template <class U>
  const ValueProxy& operator*=(const U& other) const {
    return element() *= other, *this;
  }
  template <class U>
  const ValueProxy& operator/=(const U& other) const {
    return element() /= other, *this;
  }
  T operator++() const { return ++element(); }
  T operator--() const { return --element(); }

  /// `f(T&)` on the value in the server, in one step; returns what it returns. The value is as
  /// before when it throws. Throws NotSendable for a server of another build.
  template <class F>
  auto apply(F f) const {
    detail::require_sendable<F>();
    detail::ProxyCall call = this->call(Method::apply);
    return detail::run_in_server<detail::ValueOperation, detail::server_result_t<F, T&>>(
        call, detail::ValueCall<T, F>{std::move(f)});
  }

  friend std::string mp_repr(const ValueProxy& value) {
    return "Value(" + detail::quoted(detail::readable(detail::type_name<T>())) + ", " +
           detail::show(value.get()) + ")";
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<ValueProxy>, detail::type_name<ValueProxy>());
  }
};

template <class T>
struct ValueProxy<T>::Place {
  ValueProxy value;

  detail::Blob get() const { return value.call(Method::get).send().get_blob(); }
  void set(const T& to) const { value.set(to); }
  bool replace(const detail::Blob& before, const T& to) const {
    detail::ProxyCall call = value.call(Method::replace);
    call.put_blob(before);
    call.template put_value<T>(to);
    return call.send().get_bool();
  }
};

}  // namespace multiprocess
