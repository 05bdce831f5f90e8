// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/call_timeout.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/timeout.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace multiprocess {

/// An event in a manager's server: `manager.Event()` makes one. As an Event in every respect.
class EventProxy : public BaseProxy {
  using Method = detail::EventMethod;

 public:
  static constexpr std::string_view type_id = "Event";

  explicit EventProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// Sets the flag and wakes all who wait.
  void set() const { call(Method::set).send(); }

  /// Takes the flag down: who waits from now on waits for the next set().
  void clear() const { call(Method::clear).send(); }

  bool is_set() const { return call(Method::is_set).send().get_bool(); }

  /// True when the flag is set, or was set at any moment since the call; waits for that at most
  /// `timeout`.
  bool wait(Timeout timeout = forever) const {
    detail::ProxyCall call = this->call(Method::wait);
    detail::put_timeout(call, timeout);
    return call.send().get_bool();
  }

  friend std::string mp_repr(const EventProxy& proxy) {
    return std::string(proxy.call(Method::show).send().get_text());
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<EventProxy>, detail::type_name<EventProxy>());
  }
};

}  // namespace multiprocess
