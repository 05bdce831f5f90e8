// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/register_type.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess {

/// An object of a registered type in a manager's server; see register_type.
///
/// Calls of one object are one after the other, also where they wait: unlike in Python, C needs no
/// lock of its own. Calls of other objects go on meanwhile.
template <class C>
class Proxy : public BaseProxy {
  using Methods = detail::InstanceMethods;

 public:
  static constexpr std::string_view type_id = detail::plain_class_name(detail::type_name<C>());

  explicit Proxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// Calls a registered method: `c.call<&Counter::add>(5)`. Throws what it throws, AttributeError
  /// when it is not registered.
  template <auto pointer, class... Args>
  auto call(Args&&... args) const {
    using Signature = typename detail::CallSignature<decltype(pointer)>::type;
    const auto type = this->type();
    const detail::RegisteredMethod& method =
        type->method(&detail::identity_of_method<pointer>, detail::type_name<C>());
    return Typed<Signature>::call(*this, method.name, std::forward<Args>(args)...);
  }
  /// The same by its name, for programs that do not have C's code: `c.call<int>("add", 5)`. Numbers
  /// are converted where nothing is lost, else it throws TypeError.
  template <class R = Object, class... Args>
  R call(std::string_view name, const Args&... args) const {
    detail::ProxyCall call = this->begin(name, sizeof...(Args));
    (call.put_value(Object(args)), ...);
    return finish<R>(call);
  }

  /// `f(C&)` on the object in the server; returns what it returns. Throws NotSendable for a server
  /// of another build.
  template <class F>
  auto apply(F f) const {
    detail::require_sendable<F>();
    detail::ProxyCall call = BaseProxy::call(Methods::apply);
    return detail::run_in_server<detail::InstanceOperation, detail::server_result_t<F, C&>>(
        call, detail::InstanceCall<C, F>{std::move(f)});
  }

  /// As C prints in the server.
  friend std::string mp_repr(const Proxy& proxy) {
    return std::string(proxy.begin_show().send().get_text());
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<Proxy>, detail::type_name<Proxy>());
  }

 private:
  template <class Signature>
  struct Typed;
  template <class R, class... A>
  struct Typed<R(A...)> {
    template <class... Args>
    static auto call(const Proxy& proxy, std::string_view name, Args&&... args) {
      static_assert(sizeof...(Args) == sizeof...(A),
                    "multiprocess: the method takes another number of arguments, all of which have "
                    "to be given");
      detail::ProxyCall call = proxy.begin(name, sizeof...(A));
      (call.template put_value<detail::stored_t<A>>(std::forward<Args>(args)), ...);
      return finish<detail::kept_result_t<R>>(call);
    }
  };

  static auto type() {
    return detail::registered_type(detail::name_tag<C>, detail::type_name<C>());
  }
  detail::ProxyCall begin_show() const { return BaseProxy::call(Methods::show); }
  detail::ProxyCall begin(std::string_view name, std::size_t arguments) const {
    return detail::ProxyCall(cell(), Methods::call, name, arguments);
  }
  template <class R>
  static R finish(detail::ProxyCall& call) {
    detail::Answer answer = call.send();
    if constexpr (std::is_void_v<R>) {
      return;
    } else if constexpr (std::is_same_v<R, Object>) {
      return answer.reader().at_end() ? Object() : answer.template get_value<Object>();
    } else {
      if constexpr (detail::is_number<R> || std::is_same_v<R, std::string>) {  // which have bytes
        if (answer.reader().at_end()) {
          detail::throw_returns_nothing(detail::type_name<R>());
        }
      }
      return detail::get_converted<R>(answer);
    }
  }
};

}  // namespace multiprocess
