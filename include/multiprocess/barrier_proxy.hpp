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

/// A barrier in a manager's server: `manager.Barrier(n)`, `manager.Barrier(n, action, timeout)`
/// make one.
///
/// As a Barrier, but for its action: that runs in the server, whoever comes last.
class BarrierProxy : public BaseProxy {
  using Method = detail::BarrierMethod;

 public:
  static constexpr std::string_view type_id = "Barrier";

  explicit BarrierProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// Waits for the others, at most `timeout`, or as the barrier was told when it was made. How many
  /// had come before: each number below parties() once. Throws BrokenBarrierError when the barrier
  /// is broken or breaks, which the end of the time does; to who came last, what the action throws.
  int wait(Timeout timeout = forever) const {
    detail::ProxyCall call = this->call(Method::wait);
    detail::put_timeout(call, timeout);
    return static_cast<int>(call.send().get());
  }

  /// Mends a broken barrier, and forgets who has come: those who wait get BrokenBarrierError.
  void reset() const { call(Method::reset).send(); }

  /// Breaks the barrier: those who wait and those who come get BrokenBarrierError.
  void abort() const { call(Method::abort).send(); }

  int parties() const { return static_cast<int>(call(Method::parties).send().get()); }

  /// How many wait at this moment.
  int n_waiting() const { return static_cast<int>(call(Method::n_waiting).send().get()); }

  bool broken() const { return call(Method::broken).send().get_bool(); }

  friend std::string mp_repr(const BarrierProxy& proxy) {
    return std::string(proxy.call(Method::show).send().get_text());
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<BarrierProxy>, detail::type_name<BarrierProxy>());
  }
};

}  // namespace multiprocess
