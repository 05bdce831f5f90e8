// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/repr.hpp>
#include <multiprocess/error.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace multiprocess {

namespace detail {
struct ExitCallAccess;
}

/// One call that was registered with `at_exit` or `after_fork`. Copies mean the same call; it stays
/// registered when they go.
class [[maybe_unused]] ExitCall {
 public:
  ExitCall() = default;

  /// Makes the call now, and not again. False when it was made or cancelled before, or belongs to
  /// another process.
  bool operator()() const { return detail::run_call(id_); }

  /// The call will not be made. False as above.
  bool cancel() const { return detail::cancel_call(id_); }
  bool still_active() const { return detail::has_call(id_); }

  friend bool operator==(ExitCall, ExitCall) = default;
  friend std::string mp_repr(ExitCall call) {
    return call.still_active() ? "<ExitCall>" : "<ExitCall, dead>";
  }

 private:
  friend struct detail::ExitCallAccess;
  explicit ExitCall(detail::CallId id) : id_(id) {}

  detail::CallId id_ = 0;
};

namespace detail {

struct ExitCallAccess {
  static ExitCall make(CallId id) { return ExitCall(id); }
};

/// std::function wants to copy what it holds.
template <class F>
std::function<void()> copyable(F&& f) {
  if constexpr (std::copy_constructible<std::decay_t<F>>) {
    return [call = std::forward<F>(f)]() mutable { std::invoke(call); };
  } else {
    auto call = std::make_shared<std::decay_t<F>>(std::forward<F>(f));
    return [call] { std::invoke(*call); };
  }
}

}  // namespace detail

/// `f()` is called when this process exits, and in no other process: highest priority first, among
/// equals the youngest first. Those below 0 run after the children were joined.
///
/// Not when the process is killed or ends by `_exit`. What `f` throws is reported on stderr.
template <std::invocable F>
ExitCall at_exit(F&& f, int priority = 0) {
  return detail::ExitCallAccess::make(
      detail::add_exit_call(detail::copyable(std::forward<F>(f)), priority));
}

/// `f()` is called in each child that is forked from this process, before its target.
template <std::invocable F>
ExitCall after_fork(F&& f) {
  return detail::ExitCallAccess::make(detail::add_fork_call(detail::copyable(std::forward<F>(f))));
}

/// Ends the process, from wherever it is called, after the exit steps: Python's `sys.exit`.
///
/// Throws SystemExit. Uncaught in a child's target it ends the child, uncaught in main the program.
[[noreturn]] void exit(int code = 0);

/// The same with exit code 1, and the message on stderr.
[[noreturn]] void exit(std::string_view message);

}  // namespace multiprocess
