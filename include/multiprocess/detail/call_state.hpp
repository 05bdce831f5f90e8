// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/callback_turns.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/os/stream.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace multiprocess::detail {

/// A BrokenProcessPool with its cause nested.
std::exception_ptr broken_pool(const std::exception_ptr& cause, const char* text);

/// What pools of every kind say to who asks for something: throws what `broke` it, and ValueError
/// when it does not run any more.
void require_running_pool(const std::exception_ptr& broke, bool runs);
[[noreturn]] void throw_pool_of_another_process();

/// What a callback threw goes to the user's function, if there is one, else it is printed.
void report_callback_error(const std::function<void(std::exception_ptr)>& report,
                           const std::exception_ptr& error) noexcept;

/// To somebody who has waited for what failed thus.
[[noreturn]] void throw_to_waiter(const std::exception_ptr& error);

/// What became of a call, or will: what an AsyncResult is a handle of.
///
/// It is settled once: by the thread that notices first that the work is done. Then the calls are
/// made that wait for that, when it is their turn. For all others it is settled when those have
/// returned.
class CallState : public std::enable_shared_from_this<CallState>, private CallbackOwner {
 public:
  CallState() = default;
  virtual ~CallState() = default;
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;

  /// Settled, perhaps just now.
  bool ready();

  /// Waits until it is settled. False when the deadline comes first.
  bool wait(os::Deadline deadline);

  /// Settles it with Cancelled, unless it is settled already: then false.
  bool cancel();

  /// A descriptor that is readable once it is settled; it belongs to this.
  int fileno();

  /// Once settled: null when there is a value.
  const std::exception_ptr& error() const noexcept { return error_; }
  /// Throws it to one who has waited for the result.
  void throw_error() const {
    if (error_ != nullptr) {
      throw_to_waiter(error_);
    }
  }

  /// `call` is made when it is settled, by whoever settles it, or now by the caller.
  void when_settled(std::function<void()> call);
  /// The same, but it is never made beside another one of the pool's.
  void call_back(std::function<void()> call);

  /// Nobody else may settle it or make its calls now, as within a callback: so this thread has to
  /// look, whatever it waits for.
  virtual bool is_left_to_this_thread() noexcept {
    const CallbackTurns* const all = turns();
    return all != nullptr && all->is_maker();
  }

 protected:
  bool is_settled() const noexcept;
  /// It is, or it is for this thread to make it so.
  bool is_settled_or_due() noexcept {
    const CallbackTurns* const all = turns();
    return is_settled() || (all != nullptr && all->is_due_here());
  }
  /// Somebody is to be told when it is.
  bool has_calls() noexcept;
  /// Nobody is settling it either.
  bool is_pending() const noexcept {
    return phase_.load(std::memory_order_acquire) == Phase::pending;
  }

  /// Settles it, unless somebody does or has: then false. `take` provides the value, or throws or
  /// sets what became of it instead.
  template <class Take>
  bool settle(Take take) {
    const CallbackTurns::Coming coming(turns());
    if (!begin_settling()) {
      return false;
    }
    try {
      take();
    } catch (...) {
      error_ = std::current_exception();
    }
    finish_settling();
    return true;
  }

  /// Throws RuntimeError in a forked child, whose copy is of no use.
  virtual void require_at_home() const = 0;
  /// Settles it if the work is done.
  virtual void look() = 0;
  /// Where its calls take their turns; null when nobody else makes any, as in a forked child.
  virtual CallbackTurns* turns() noexcept = 0;
  /// Waits until `is_settled_or_due`, or `look` would settle it, or the deadline.
  virtual void sleep(os::Deadline deadline) = 0;
  /// Lets those look who sleep.
  virtual void wake() noexcept = 0;
  /// From now on somebody looks when the work is done, also if nobody waits.
  virtual void attend() = 0;
  /// Nobody wants the work to be done any more.
  virtual void abandon() noexcept = 0;
  /// A call that was to be made when it is settled has thrown.
  virtual void report(std::exception_ptr error) noexcept = 0;

 private:
  enum class Phase { pending, settling, settled };
  class LateCall;

  bool begin_settling() noexcept;
  void finish_settling() noexcept;
  void make_calls() noexcept override;
  bool settle_without_calls() noexcept;
  std::vector<std::function<void()>> next_calls() noexcept;
  void make(const std::function<void()>& call) noexcept;
  void make_late(std::function<void()> call);
  std::function<void()> attach(std::function<void()> call);

  std::atomic<Phase> phase_{Phase::pending};
  std::atomic<std::thread::id> settler_{};
  std::exception_ptr error_;
  std::mutex mutex_;  // of what follows
  std::vector<std::function<void()>> calls_;
  os::Pipe bell_;
};

/// One with a value.
template <class R>
class ValueState : public CallState {
 public:
  using Kept = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

  /// Once settled and without error.
  Kept& value() noexcept { return *value_; }
  /// False when it was moved out.
  bool has_value() const noexcept { return value_.has_value(); }
  Kept take() {
    Kept taken = std::move(*value_);
    value_.reset();
    return taken;
  }

 protected:
  std::optional<Kept> value_;
};

}  // namespace multiprocess::detail
