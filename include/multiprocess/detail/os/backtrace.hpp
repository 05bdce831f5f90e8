// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>
#include <vector>

namespace multiprocess::detail::os {

/// Calls `call(argument)`. Where an exception that leaves it was thrown is kept for
/// `take_thrown_stack`, at the cost of a few nanoseconds a call. On kinds of processors for which
/// nobody has written this, nothing is kept.
void call_guarded(void (*call)(void*), void* argument);

/// The same for anything that can be called.
template <class F>
void guarded_call(F&& f) {
  call_guarded([](void* target) { (*static_cast<std::remove_reference_t<F>*>(target))(); },
               const_cast<void*>(static_cast<const void*>(std::addressof(f))));
}

/// The addresses of the calls from where `exception` was thrown (first) out to the guarded call of
/// this thread that it left. Empty when that is not known, or was given out before: an exception
/// is recognized by its address, which may be another's later.
std::vector<std::uintptr_t> take_thrown_stack(const std::exception_ptr& exception);

}  // namespace multiprocess::detail::os
