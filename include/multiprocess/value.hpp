// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/guarded.hpp>
#include <multiprocess/lock.hpp>
#include <multiprocess/raw_value.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace multiprocess {

/// One object in shared memory with a lock: `value.with_lock([](int& n) { ++n; })`. Any trivially
/// copyable type without pointers.
///
/// A copyable handle: copies, in whatever process, are the same object under the same lock. It can
/// be used with `std::scoped_lock`; the lock is an RLock unless another is given.
template <class T, class L = RLock>
class Value : public detail::Guarded<RawValue<T>, L> {
  using Base = detail::Guarded<RawValue<T>, L>;

 public:
  using value_type = T;

  struct Options {
    L lock = {};
  };

  /// Zero. Throws std::bad_alloc when shared memory is short.
  Value() : Base(RawValue<T>(), L()) {}

  /// T(args...), or T{args...} for an aggregate.
  template <class... A>
  requires(sizeof...(A) > 0 &&
           detail::InitialArguments<T, Value<T, L>, A...>) explicit Value(A&&... args)
      : Base(RawValue<T>(std::forward<A>(args)...), L()) {}

  /// With a lock that other objects share: `Value<int, mp::Lock> v({.lock = lock}, 5)`.
  template <class... A>
  explicit Value(Options options, A&&... args)
      : Base(RawValue<T>(std::forward<A>(args)...), std::move(options.lock)) {}

  /// Puts a lock to an object that is there already.
  Value(RawValue<T> raw, L lock) : Base(std::move(raw), std::move(lock)) {}

  /// Each takes the lock: of two processes that do `v.set_value(v.value() + 1)` one may be lost.
  /// That a holder died they leave to `with_lock` to say.
  T value() const {
    const auto held = this->pass();
    return get_obj();
  }
  void set_value(const T& value) const {
    const auto held = this->pass();
    this->raw().set_value(value);
  }

  /// Calls `f(object)` with the lock held, and returns what it returns: an atomic step for all who
  /// use the lock. Throws OwnerDied, once, when a holder of the lock died with it and the object
  /// may be half changed; unless `f(object, bool owner_died)` can be called, which is then told.
  template <class F>
  decltype(auto) with_lock(F&& f) const {
    return this->guard(std::forward<F>(f), get_obj());
  }

  /// The object itself, without the lock; valid as long as a handle is.
  T& get_obj() const noexcept { return this->raw().get_obj(); }

  friend std::string mp_repr(const Value& value) {
    return "<Synchronized wrapper for " + mp_repr(value.raw()) + ">";
  }

  static Value decode(detail::InputArchive& archive) {
    auto raw = detail::read_value<RawValue<T>>(archive);
    return Value(std::move(raw), detail::read_value<L>(archive));
  }
};

template <class T>
requires(!std::is_pointer_v<T>) Value(T)
->Value<T>;

/// A new object without a lock, apart from the first, with the same value at this moment.
template <class T, class L>
RawValue<T> copy(const Value<T, L>& value) {
  return RawValue<T>(value.value());
}

/// The same object with a lock: a new RLock, or one that other objects share.
template <class T, class L = RLock>
Value<T, L> synchronized(const RawValue<T>& raw, L lock = {}) {
  return Value<T, L>(raw, std::move(lock));
}

}  // namespace multiprocess
