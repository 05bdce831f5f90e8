// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/acquirer_proxy.hpp>
#include <multiprocess/barrier_proxy.hpp>
#include <multiprocess/condition_proxy.hpp>
#include <multiprocess/detail/count.hpp>
#include <multiprocess/detail/manager_methods.hpp>
#include <multiprocess/event_proxy.hpp>
#include <multiprocess/function.hpp>
#include <multiprocess/queue_proxy.hpp>
#include <multiprocess/serialization.hpp>
#include <multiprocess/timeout.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>
#include <utility>

namespace multiprocess::detail {

/// What a manager makes that clients wait for one another with.
template <class Manager>
class SyncFactories {
 public:
  AcquirerProxy Lock() const { return make_lock("Lock", false); }
  AcquirerProxy RLock() const { return make_lock("RLock", true); }

  /// Throws ValueError for a negative number and for more than 2147483647.
  AcquirerProxy Semaphore() const { return make_semaphore(1, false); }
  template <Count Number>
  AcquirerProxy Semaphore(Number units) const {
    return make_semaphore(count(units), false);
  }
  AcquirerProxy BoundedSemaphore() const { return make_semaphore(1, true); }
  template <Count Number>
  AcquirerProxy BoundedSemaphore(Number units) const {
    return make_semaphore(count(units), true);
  }

  /// With an RLock of its own.
  ConditionProxy Condition() const {
    auto call = create_kind<ConditionProxy>(ReferentKind::condition);
    call.put(0);
    return ConditionProxy(call.send().get_ref());
  }
  /// With this lock, which others may use as well. Throws TypeError for a semaphore, and for what
  /// another manager made.
  ConditionProxy Condition(const AcquirerProxy& lock) const {
    auto call = create_kind<ConditionProxy>(ReferentKind::condition);
    call.put(1);
    call.put_ref(cell_in(lock));
    return ConditionProxy(call.send().get_ref());
  }

  EventProxy Event() const {
    return EventProxy(create_kind<EventProxy>(ReferentKind::event).send().get_ref());
  }

  /// For so many parties; with a time that a wait may take which does not say so itself. Throws
  /// ValueError for a number below 1, or too large.
  template <Count Number>
  BarrierProxy Barrier(Number parties, Timeout timeout = forever) const {
    return make_barrier(count(parties), timeout, Function<void()>());
  }
  /// With something that the server does before they all go on.
  template <Count Number, std::invocable F>
  BarrierProxy Barrier(Number parties, F action, Timeout timeout = forever) const {
    return make_barrier(count(parties), timeout, Function<void()>(std::move(action)));
  }

  /// Without a limit, or with at most `maxsize` items when that is more than 0.
  template <class T = Object>
  QueueProxy<T> Queue() const {
    return make_queue<T>("Queue", 0);
  }
  template <class T = Object, Count Number>
  QueueProxy<T> Queue(Number maxsize) const {
    return make_queue<T>("Queue", count(maxsize));
  }
  template <class T = Object>
  QueueProxy<T> JoinableQueue() const {
    return make_queue<T>("JoinableQueue", 0);
  }
  template <class T = Object, Count Number>
  QueueProxy<T> JoinableQueue(Number maxsize) const {
    return make_queue<T>("JoinableQueue", count(maxsize));
  }

 private:
  template <class Proxy>
  CreateCall create_kind(ReferentKind kind) const {
    return static_cast<const Manager&>(*this).create_call(kind, type_tag<Proxy>);
  }
  template <class Proxy>
  CreateCall create_one_of(ReferentKind kind, std::string_view type_id) const {
    return static_cast<const Manager&>(*this).create_call(kind, proxy_tag<Proxy>(type_id));
  }

  AcquirerProxy make_lock(std::string_view type_id, bool recursive) const {
    auto call = create_one_of<AcquirerProxy>(ReferentKind::lock, type_id);
    call.put(recursive ? 1 : 0);
    return AcquirerProxy(call.send().get_ref());
  }

  AcquirerProxy make_semaphore(std::ptrdiff_t units, bool bounded) const {
    auto call = create_one_of<AcquirerProxy>(ReferentKind::semaphore,
                                             bounded ? "BoundedSemaphore" : "Semaphore");
    call.put_signed(units);
    call.put(bounded ? 1 : 0);
    return AcquirerProxy(call.send().get_ref());
  }

  BarrierProxy make_barrier(std::ptrdiff_t parties, Timeout timeout,
                            const Function<void()>& action) const {
    auto call = create_kind<BarrierProxy>(ReferentKind::barrier);
    call.put_signed(parties);
    put_timeout(call, timeout);
    call.put(action ? 1 : 0);
    if (action) {
      call.put_value(action);
    }
    return BarrierProxy(call.send().get_ref());
  }

  template <class T>
  QueueProxy<T> make_queue(std::string_view type_id, std::ptrdiff_t maxsize) const {
    auto call = create_one_of<QueueProxy<T>>(ReferentKind::queue, type_id);
    call.put_signed(maxsize);
    return QueueProxy<T>(call.send().get_ref());
  }
};

}  // namespace multiprocess::detail
