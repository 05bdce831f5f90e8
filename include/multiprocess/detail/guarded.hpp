// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/archive.hpp>
#include <multiprocess/detail/codec.hpp>
#include <multiprocess/detail/shared_data.hpp>
#include <multiprocess/detail/std_lockable.hpp>
#include <multiprocess/timeout.hpp>

#include <mutex>
#include <type_traits>
#include <utility>

namespace multiprocess::detail {

/// Holds a lock for an access that cannot report that its last holder died with it: who can, and
/// comes next, is still told.
template <class L>
class Passing {
 public:
  explicit Passing(const L& lock) : lock_(lock) { lock_.lock(); }
  ~Passing() {
    if (lock_.owner_died()) [[unlikely]] {
      lock_.release_unrepaired();
    } else {
      lock_.release();
    }
  }
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;

 private:
  const L& lock_;
};

/// Shared data of type Raw with a lock of type L beside it: what Value and Array do alike.
template <class Raw, class L>
class Guarded : public StdLockable<Guarded<Raw, L>> {
 public:
  static constexpr bool multiprocess_codec = true;

  Guarded(Raw raw, L lock) : raw_(std::move(raw)), lock_(std::move(lock)) {}

  /// The lock, which other objects may share.
  const L& get_lock() const noexcept { return lock_; }

  bool acquire(Block block = true, Timeout timeout = forever) const {
    return lock_.acquire(block, timeout);
  }
  bool acquire(Timeout timeout) const { return lock_.acquire(timeout); }
  void release() const { lock_.release(); }
  /// Whether the present holder of the lock took it over from a process that died with it.
  bool owner_died() const { return lock_.owner_died(); }

  friend bool operator==(const Guarded& a, const Guarded& b) { return a.raw_ == b.raw_; }

  void encode(OutputArchive& archive) const {
    detail::save_value(archive, raw_);
    detail::save_value(archive, lock_);
  }

 protected:
  const Raw& raw() const noexcept { return raw_; }
  Passing<L> pass() const { return Passing<L>(lock_); }

  /// `f(object)` under the lock. When the last holder died with it, `f(object, true)` if that can
  /// be called, else throws OwnerDied, once: the lock is free and clean afterwards.
  template <class F, class Object>
  decltype(auto) guard(F&& f, Object&& object) const {
    const std::unique_lock held(lock_);
    if constexpr (std::is_invocable_v<F, Object, bool>) {
      return std::forward<F>(f)(std::forward<Object>(object), lock_.owner_died());
    } else {
      if (lock_.owner_died()) [[unlikely]] {
        throw_owner_died();
      }
      return std::forward<F>(f)(std::forward<Object>(object));
    }
  }

 private:
  Raw raw_;
  L lock_;
};

}  // namespace multiprocess::detail
