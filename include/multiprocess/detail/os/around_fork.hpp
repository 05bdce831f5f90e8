// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>

namespace multiprocess::detail::os {

/// Calls that surround every fork of this process, whoever forks: `prepare` before it, `parent` and
/// `child` after it; a null one is left out. At namespace scope, `constinit`. What never forks
/// never calls them.
class AroundFork {
 public:
  /// Whether the lock that `prepare` takes is one that is taken inside of others: it comes last.
  enum class Nesting { outer, inner };
  using Call = void (*)();

  constexpr AroundFork(Nesting nesting, Call prepare, Call parent, Call child) noexcept
      : nesting_(nesting), prepare_(prepare), parent_(parent), child_(child) {}
  AroundFork(const AroundFork&) = delete;
  AroundFork& operator=(const AroundFork&) = delete;

  /// From now on, for ever. True, so that it can be called before main: once threads are there, a
  /// fork may be on its way that does not know of it.
  bool begin() noexcept {
    if (!began_.load(std::memory_order_relaxed)) {
      enlist();
    }
    return true;
  }

 private:
  friend class ForkCalls;
  void enlist() noexcept;

  Nesting nesting_;
  Call prepare_;
  Call parent_;
  Call child_;
  std::atomic<bool> began_{false};
  AroundFork* before_ = nullptr;  // that has begun earlier
};

/// Forks wait until `lock` is free, and nobody has it in the child.
template <auto& lock>
constexpr AroundFork held_around_forks(AroundFork::Nesting nesting) noexcept {
  constexpr AroundFork::Call release = [] { lock.unlock(); };
  return {nesting, [] { lock.lock(); }, release, release};
}

}  // namespace multiprocess::detail::os
