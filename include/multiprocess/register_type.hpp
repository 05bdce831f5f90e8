// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/registered_type.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/detail/type_tag.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace multiprocess {

/// A method that clients of a manager may call, and its name; see register_type.
template <auto pointer>
struct Method {
  std::string name;
};

template <auto pointer>
Method<pointer> method(std::string name) {
  return {std::move(name)};
}

/// Objects of C can live in a manager's server, and those of their methods that are named here can
/// be called: `manager.create<C>(args...)` makes one. Always true, so that it can stand at
/// namespace scope.
///
///   const bool known = mp::register_type<Counter>("Counter", mp::method<&Counter::add>("add"));
///
/// What is registered when start() is called is known to the server. Registering the name again
/// replaces what it meant.
template <class C, auto... pointers>
bool register_type(std::string name, Method<pointers>... methods) {
  detail::RegisteredType type;
  type.name = std::move(name);
  type.tag = detail::name_tag<C>;
  type.show = detail::ShowInstance<C>();
  if constexpr (std::is_default_constructible_v<C>) {
    type.make = detail::MakeInstance<C>{};
  }
  (type.methods.push_back(
       {std::move(methods.name),
        detail::MethodCall<C, pointers, typename detail::CallSignature<decltype(pointers)>::type>(),
        &detail::identity_of_method<pointers>}),
   ...);
  detail::add_registered_type(std::move(type));
  return true;
}

}  // namespace multiprocess
