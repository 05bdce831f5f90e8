// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/call_timeout.hpp>
#include <multiprocess/detail/std_lockable.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/timeout.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace multiprocess {

/// A lock or semaphore in a manager's server: `manager.Lock()`, `RLock()`, `Semaphore(n)` and
/// `BoundedSemaphore(n)` make one.
///
/// It has the methods of Lock and Semaphore, and their errors; those who wait get it in the order
/// in which they came. A process that is killed loses what it held to the next one, as with those.
/// It can be used with `std::scoped_lock`, `std::unique_lock` and `std::lock`.
class AcquirerProxy : public BaseProxy, public detail::StdLockable<AcquirerProxy> {
  using Method = detail::AcquirerMethod;

 public:
  static constexpr std::array<std::string_view, 4> type_ids{"Lock", "RLock", "Semaphore",
                                                            "BoundedSemaphore"};

  explicit AcquirerProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// True when this thread has it now. Waits at most `timeout`, and not at all when `block` is
  /// false.
  bool acquire(Block block = true, Timeout timeout = forever) const {
    return acquire(effective_timeout(block, timeout));
  }
  bool acquire(Timeout timeout) const {
    detail::ProxyCall call = this->call(Method::acquire);
    detail::put_timeout(call, timeout);
    return call.send().get_bool();
  }

  /// Any client may, but for an RLock only the thread that holds it: else throws AssertionError.
  /// Throws ValueError when nobody holds the lock, or the semaphore has all its units.
  void release() const { call(Method::release).send(); }
  /// The same for guards: quiet when the server has ended, which the next call tells.
  void unlock() const { call(Method::release).send_if_served(); }

  /// Whether somebody holds the lock, or no unit is free, at this moment.
  bool locked() const { return call(Method::locked).send().get_bool(); }

  /// How many units are free.
  int get_value() const { return static_cast<int>(call(Method::get_value).send().get()); }

  /// Whether the present holder of the lock took it over from a process that died with it. True
  /// for everybody until it is released.
  bool owner_died() const { return call(Method::owner_died).send().get_bool(); }

  friend bool operator==(const AcquirerProxy&, const AcquirerProxy&) = default;
  friend std::string mp_repr(const AcquirerProxy& proxy) {
    return std::string(proxy.call(Method::show).send().get_text());
  }
  static void require_kind(const detail::SharedRef& received);
};

}  // namespace multiprocess
