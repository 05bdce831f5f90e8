// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/call_timeout.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/timeout.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess {

/// What an asynchronous call of a pool in a manager's server will have brought.
///
/// As an AsyncResult; and it may be sent: any process may wait for it.
template <class R>
class AsyncResultProxy : public BaseProxy {
  using Method = detail::AsyncResultMethod;

 public:
  static constexpr std::string_view type_id = "AsyncResult";

  explicit AsyncResultProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// The result, as soon as it is there. Throws what the task threw, each time; TimeoutError when
  /// it is not there in time.
  R get(Timeout timeout = forever) const {
    detail::ProxyCall call = this->call(Method::get);
    detail::put_timeout(call, timeout);
    detail::Answer answer = call.send();
    if (!answer.get_bool()) {
      throw TimeoutError();
    }
    if constexpr (!std::is_void_v<R>) {
      return answer.template get_value<R>();
    }
  }

  /// Waits until it is there, or failed. Whether it is.
  bool wait(Timeout timeout = forever) const {
    detail::ProxyCall call = this->call(Method::wait);
    detail::put_timeout(call, timeout);
    return call.send().get_bool();
  }
  bool ready() const { return call(Method::ready).send().get_bool(); }
  /// Throws ValueError when it is not ready.
  bool successful() const { return call(Method::successful).send().get_bool(); }

  /// Gives up the work. False when it was ready already; else `get` throws Cancelled.
  bool cancel() const { return call(Method::cancel).send().get_bool(); }

  friend std::string mp_repr(const AsyncResultProxy& proxy) {
    return std::string(proxy.call(Method::show).send().get_text());
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<AsyncResultProxy>,
                  detail::type_name<AsyncResultProxy>());
  }
};

}  // namespace multiprocess
