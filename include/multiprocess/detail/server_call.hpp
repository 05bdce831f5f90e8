// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/call_data.hpp>
#include <multiprocess/detail/proxy_call.hpp>
#include <multiprocess/detail/require_sendable.hpp>
#include <multiprocess/function.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

/// What a result is when it has travelled.
template <class R>
using kept_result_t = typename std::conditional_t<std::is_void_v<R>, std::type_identity<void>,
                                                  Stored<std::remove_cvref_t<R>>>::type;
template <class F, class... A>
using server_result_t = kept_result_t<std::invoke_result_t<F&, A...>>;

/// Calls `f(arguments...)` and writes what it returns.
template <class F, class... A>
void call_and_put(CallWriter& into, F& f, A&&... arguments) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, A...>>) {
    std::invoke(f, std::forward<A>(arguments)...);
  } else {
    into.put_value(std::invoke(f, std::forward<A>(arguments)...));
  }
}

/// Sends a function that the server runs on what the call names: a Function of type Operation made
/// of `made`, which calls a user's F. Returns what that returns, an R. Throws NotSendable when the
/// server is of another build.
template <class Operation, class R, class Made>
R run_in_server(ProxyCall& call, Made made) {
  call.put_value(Operation(std::move(made)));
  Answer answer = call.send();
  if constexpr (!std::is_void_v<R>) {
    return answer.template get_value<R>();
  }
}

}  // namespace multiprocess::detail
