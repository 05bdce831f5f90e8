// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/named.hpp>
#include <multiprocess/detail/server_call.hpp>
#include <multiprocess/detail/show.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/function.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace multiprocess::detail {

/// Calls a method of an object with arguments of a call, and writes what it returns.
using InstanceMethod = Function<void(void*, CallReader&, CallWriter&)>;
/// Makes an object.
using InstanceMaker = Function<std::shared_ptr<void>()>;
/// What `apply` does with an object.
using InstanceOperation = Function<void(void*, CallWriter&)>;

/// One of these for each method of the user's, known by its address in this process.
template <auto method>
inline constexpr char identity_of_method = 0;

/// A method of a registered type, under the name by which clients call it.
struct RegisteredMethod {
  static constexpr bool multiprocess_codec = true;

  std::string name;
  InstanceMethod call;
  const void* identity = nullptr;  // not in a server

  void encode(OutputArchive& archive) const;
  static RegisteredMethod decode(InputArchive& archive);
};

/// A type whose objects a manager's server can have.
struct RegisteredType {
  static constexpr bool multiprocess_codec = true;

  std::string name;
  std::uint64_t tag = 0;  // of the type itself
  std::vector<RegisteredMethod> methods;
  InstanceOperation show;
  InstanceMaker make;  // without arguments; empty when there is no such constructor

  /// Throws AttributeError.
  const RegisteredMethod& method(std::string_view wanted) const;
  const RegisteredMethod& method(const void* identity, std::string_view type) const;

  void encode(OutputArchive& archive) const;
  static RegisteredType decode(InputArchive& archive);
};

/// Those of this process.
using RegisteredTypes = std::vector<std::shared_ptr<const RegisteredType>>;
RegisteredTypes registered_types();
void add_registered_type(RegisteredType type);

/// Throws AttributeError, which says what to write.
std::shared_ptr<const RegisteredType> registered_type(std::uint64_t tag, std::string_view type);

/// Throws TypeError.
[[noreturn]] void throw_argument_count(std::size_t wanted, std::uint64_t given);
[[noreturn]] void throw_returns_nothing(std::string_view wanted);

/// Numbers become one another where nothing is lost.
template <class T, class Reader>
T get_converted(Reader& from) {
  if constexpr (is_number<T>) {
    return from.template get_value<Object>().template as<T>();
  } else {
    return from.template get_value<T>();
  }
}

template <class C, auto method, class Signature>
struct MethodCall;

/// What InstanceMethod holds: `method` of a C.
template <class C, auto method, class R, class... A>
struct MethodCall<C, method, R(A...)> {
  void operator()(void* object, CallReader& from, CallWriter& into) const {
    if (const std::uint64_t given = from.get(); given != sizeof...(A)) {
      throw_argument_count(sizeof...(A), given);
    }
    // Braces: in the order in which they were written.
    std::tuple<stored_t<A>...> arguments{get_converted<stored_t<A>>(from)...};
    std::apply(
        [&](auto&... each) {
          auto call = [&]() -> decltype(auto) {
            return std::invoke(method, static_cast<C*>(object), static_cast<A&&>(each)...);
          };
          call_and_put(into, call);
        },
        arguments);
  }
};

template <class C>
struct ShowInstance {
  void operator()(void* object, CallWriter& into) const {
    into.put_text(detail::show(*static_cast<const C*>(object)));
  }
};

/// In the place of a class without the constructor that was asked for: one sentence is enough.
struct AnyArguments {
  AnyArguments(const auto&...) {}
};

/// What InstanceMaker holds: the arguments of a C's constructor.
template <class C, class... Args>
struct MakeInstance {
  static constexpr bool multiprocess_codec = (sendable_in<Args>() && ...);

  std::tuple<Args...> arguments;

  std::shared_ptr<void> operator()() {
    return std::apply([](auto&... each) { return std::make_shared<C>(each...); }, arguments);
  }

  void encode(OutputArchive& archive) const { archive(arguments); }
  static MakeInstance decode(InputArchive& archive) {
    return {read_value<std::tuple<Args...>>(archive)};
  }
};

/// What InstanceOperation holds: a user's `f(C&)`.
template <class C, class F>
struct InstanceCall {
  static constexpr bool multiprocess_codec = sendable_in<F>();
  static constexpr std::string_view multiprocess_name = public_name<F>;
  static constexpr std::uint64_t multiprocess_variety = wrapper_variety<F, C>("instance");

  F f;

  void operator()(void* object, CallWriter& into) {
    call_and_put(into, f, *static_cast<C*>(object));
  }

  void encode(OutputArchive& archive) const { archive(f); }
  static InstanceCall decode(InputArchive& archive) { return {read_value<F>(archive)}; }
};

}  // namespace multiprocess::detail
