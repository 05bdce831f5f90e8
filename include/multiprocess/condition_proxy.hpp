// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/base_proxy.hpp>
#include <multiprocess/detail/call_timeout.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/std_lockable.hpp>
#include <multiprocess/detail/sync_methods.hpp>
#include <multiprocess/timeout.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace multiprocess {

/// A condition in a manager's server: `manager.Condition()` makes one with an RLock of its own,
/// `manager.Condition(lock)` one with that lock.
///
/// As a Condition in every other respect; who waits longest is woken first.
class ConditionProxy : public BaseProxy, public detail::StdLockable<ConditionProxy> {
  using Method = detail::ConditionMethod;
  using LockMethod = detail::AcquirerMethod;

 public:
  static constexpr std::string_view type_id = "Condition";

  explicit ConditionProxy(detail::SharedRef cell) noexcept : BaseProxy(std::move(cell)) {}

  /// Takes the lock, as its own acquire.
  bool acquire(Block block = true, Timeout timeout = forever) const {
    return acquire(effective_timeout(block, timeout));
  }
  bool acquire(Timeout timeout) const {
    detail::ProxyCall call = this->call(LockMethod::acquire);
    detail::put_timeout(call, timeout);
    return call.send().get_bool();
  }

  /// Frees the lock, as its own release, with that one's errors.
  void release() const { call(LockMethod::release).send(); }
  /// The same for guards: quiet when the server has ended, which the next call tells.
  void unlock() const { call(LockMethod::release).send_if_served(); }

  /// Whether the lock's present holder took it over from a process that died with it.
  bool owner_died() const { return call(LockMethod::owner_died).send().get_bool(); }

  /// Frees the lock, however often this thread has taken it, waits to be notified, at most
  /// `timeout`, and takes it again as often. True when it was notified. Throws AssertionError when
  /// this thread does not hold the lock.
  bool wait(Timeout timeout = forever) const {
    detail::ProxyCall call = this->call(Method::wait);
    detail::put_timeout(call, timeout);
    return call.send().get_bool();
  }

  /// Waits until `predicate()` is true, at most `timeout`; it is called here, with the lock held.
  /// Its last answer.
  template <class Predicate>
  requires std::predicate<Predicate&>
  bool wait_for(Predicate predicate, Timeout timeout = forever) const {
    if (predicate()) {
      return true;
    }
    const detail::os::Deadline deadline = timeout.deadline();
    bool answer = false;
    Timeout left = detail::timeout_until(deadline);
    while (!answer && left != Timeout(std::chrono::nanoseconds::zero())) {
      wait(left);
      answer = static_cast<bool>(predicate());
      left = detail::timeout_until(deadline);
    }
    return answer;
  }

  /// Wakes the one that has waited longest, or so many. Throws AssertionError when this thread does
  /// not hold the lock.
  void notify() const { notify_some(1); }
  template <detail::Count Number>
  void notify(Number n) const {
    notify_some(static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(detail::count(n), 0)));
  }
  void notify_all() const { notify_some(std::numeric_limits<std::uint64_t>::max()); }

  friend bool operator==(const ConditionProxy&, const ConditionProxy&) = default;
  friend std::string mp_repr(const ConditionProxy& proxy) {
    return std::string(proxy.call(Method::show).send().get_text());
  }
  static void require_kind(const detail::SharedRef& received) {
    require_proxy(received, detail::type_tag<ConditionProxy>, detail::type_name<ConditionProxy>());
  }

 private:
  void notify_some(std::uint64_t n) const {
    detail::ProxyCall call = this->call(Method::notify);
    call.put(n);
    call.send();
  }
};

}  // namespace multiprocess
