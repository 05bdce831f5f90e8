// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

namespace multiprocess::detail {

/// One registered call; 0 is none.
using CallId = std::uint64_t;

/// `call` runs among the exit steps of this process, and of no other.
CallId add_exit_call(std::function<void()> call, int priority);

/// A call that is one of the last exit steps in each process that arranges for it.
class LastExitCall {
 public:
  constexpr explicit LastExitCall(void (*call)()) noexcept : call_(call) {}

  /// Does nothing but the first time in a process.
  void arrange();

 private:
  void (*call_)();
  std::atomic<int> process_{0};
};

/// `call` runs in every child that is forked from this process.
CallId add_fork_call(std::function<void()> call);

/// False when there is no such call any more: it ran, was cancelled, or belongs to another process.
bool has_call(CallId id);
bool cancel_call(CallId id);

/// Runs an exit call now, and not again. False as `has_call`.
bool run_call(CallId id);

/// Sees to it that the exit steps run when this process returns from main or calls exit.
void arrange_exit_steps();

/// What an ending process must still do, once: exit calls with priority >= 0 (highest first, the
/// youngest first among equals), daemons terminated, children joined, the other exit calls, its
/// place in the arena given up. A call that throws is reported on stderr and the rest goes on. A
/// child tells its exit `code`, should the system not.
void run_exit_steps(std::optional<int> code = std::nullopt) noexcept;

/// Called by whoever is about to throw because something that it waited for has ended: where that
/// is so since another thread ends the process, the main thread goes on waiting until it is gone,
/// as it does in a wait that nobody disturbs. Nobody can wait for the main thread, for others they
/// may.
void stay_if_process_ends() noexcept;

/// In a forked child: the parent's exit calls are none of its business, the fork calls are.
void run_fork_calls() noexcept;

}  // namespace multiprocess::detail
