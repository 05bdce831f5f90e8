// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/dict_operations.hpp>
#include <multiprocess/detail/element.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/serialization.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess {

/// A bag of named values of any types in a manager's server; `manager.Namespace()` makes one.
///
/// Python's `ns.x = 1` is `ns["x"] = 1` or `ns.set("x", 1)`. Unlike in Python names that begin with
/// an underscore are kept in the server too; what is printed leaves them out as Python does.
class NamespaceProxy : public BaseProxy {
  using Method = detail::NamespaceMethod;
  struct Place;

 public:
  static constexpr std::string_view type_id = "Namespace";
  using Element = detail::Element<Object, Place>;

  explicit NamespaceProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// Throws AttributeError when there is none of this name, TypeError when it is of another type;
  /// between numbers it converts where nothing is lost.
  template <class T = Object>
  T get(std::string_view name) const {
    if constexpr (std::is_same_v<T, Object>) {
      return read(name).as<Object>();
    } else {
      return read(name).as<Object>().template as<T>();
    }
  }
  template <class T>
  void set(std::string_view name, const T& value) const {
    put(name, Object(value));
  }
  /// Reads, writes and changes a value: `ns["x"] = 1`, `ns["x"] += 1` (one step).
  Element operator[](std::string_view name) const;
  /// Throws AttributeError.
  void del(std::string_view name) const;
  bool contains(std::string_view name) const;
  /// Sorted.
  std::vector<std::string> names() const;

  /// `f(T&)` on the value in the server, in one step; returns what it returns. The value is as
  /// before when it throws. Throws AttributeError, NotSendable for a server of another build.
  template <class T, class F>
  auto apply(std::string_view name, F f) const {
    detail::require_sendable<F>();
    detail::ProxyCall call = this->call(Method::apply_to);
    call.put_text(name);
    call.put_value(detail::ValueOperation(
        detail::ValueCall<Object, detail::OnObject<T, F>>{detail::OnObject<T, F>{std::move(f)}}));
    detail::Answer answer = call.send();
    if (!answer.get_bool()) {
      throw_missing(name);
    }
    using R = detail::server_result_t<F, T&>;
    if constexpr (!std::is_void_v<R>) {
      return answer.template get_value<R>();
    }
  }

  friend std::string mp_repr(const NamespaceProxy& space);
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<NamespaceProxy>, detail::type_name<NamespaceProxy>());
  }

 private:
  [[noreturn]] static void throw_missing(std::string_view name);
  detail::Blob read(std::string_view name) const;
  void put(std::string_view name, const Object& value) const;
};

/// The value of a name.
struct NamespaceProxy::Place {
  NamespaceProxy space;
  std::string name;

  detail::Blob get() const { return space.read(name); }
  void set(const Object& value) const { space.put(name, value); }
  bool replace(const detail::Blob& before, const Object& value) const;
};

inline NamespaceProxy::Element NamespaceProxy::operator[](std::string_view name) const {
  return Element(Place{*this, std::string(name)});
}

}  // namespace multiprocess
