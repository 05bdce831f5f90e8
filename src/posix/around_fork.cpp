// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/around_fork.hpp>

#include <pthread.h>

#include <array>
#include <cstddef>

namespace multiprocess::detail::os {

/// All that have begun, those with inner locks apart.
class ForkCalls {
 public:
  static void add(AroundFork& one) noexcept {
    std::atomic<AroundFork*>& last = last_[static_cast<std::size_t>(one.nesting_)];
    one.before_ = last.load(std::memory_order_relaxed);
    while (!last.compare_exchange_weak(one.before_, &one, std::memory_order_release)) {
    }
  }

  static void prepare() noexcept {
    for (const std::size_t nesting : {0U, 1U}) {
      prepared_[nesting] = last_[nesting].load(std::memory_order_acquire);
      for (const AroundFork* one = prepared_[nesting]; one != nullptr; one = one->before_) {
        call(one->prepare_);
      }
    }
  }
  static void after_in_parent() noexcept { after(&AroundFork::parent_); }
  static void after_in_child() noexcept { after(&AroundFork::child_); }

 private:
  static void call(AroundFork::Call wanted) noexcept {
    if (wanted != nullptr) {
      wanted();
    }
  }
  static void after(AroundFork::Call AroundFork::*wanted) noexcept {
    call_all(prepared_[1], wanted);
    call_all(prepared_[0], wanted);
  }
  /// What was prepared last comes first.
  static void call_all(const AroundFork* one, AroundFork::Call AroundFork::*wanted) noexcept {
    if (one != nullptr) {
      call_all(one->before_, wanted);
      call(one->*wanted);
    }
  }

  static constinit std::array<std::atomic<AroundFork*>, 2> last_;
  static constinit thread_local std::array<const AroundFork*, 2> prepared_;  // by who forks now
};

constinit std::array<std::atomic<AroundFork*>, 2> ForkCalls::last_{};
constinit thread_local std::array<const AroundFork*, 2> ForkCalls::prepared_{};

namespace {

// Before anybody can fork, static constructors of the program included: threads that register
// handlers wait for forks.
[[gnu::constructor(102)]] void surround_forks() {
  pthread_atfork(&ForkCalls::prepare, &ForkCalls::after_in_parent, &ForkCalls::after_in_child);
}

}  // namespace

void AroundFork::enlist() noexcept {
  if (!began_.exchange(true)) {
    ForkCalls::add(*this);
  }
}

}  // namespace multiprocess::detail::os
