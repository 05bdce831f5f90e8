// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/call_state.hpp>

#include <multiprocess/detail/cleanup.hpp>
#include <multiprocess/detail/traceback.hpp>
#include <multiprocess/error.hpp>

#include <cstdio>
#include <string>

namespace multiprocess::detail {

namespace {

/// By a byte that nobody reads: closing the other end would tell nothing while a forked child has
/// it.
void tell(const os::Pipe& bell) noexcept {
  if (bell.write) {
    os::ring(bell);
  }
}

}  // namespace

std::exception_ptr broken_pool(const std::exception_ptr& cause, const char* text) {
  try {
    try {
      std::rethrow_exception(cause);
    } catch (...) {
      std::throw_with_nested(BrokenProcessPool(text));
    }
  } catch (const BrokenProcessPool&) {
    return std::current_exception();
  }
}

void throw_to_waiter(const std::exception_ptr& error) {
  stay_if_process_ends();
  std::rethrow_exception(error);
}

void require_running_pool(const std::exception_ptr& broke, bool runs) {
  if (broke != nullptr) {
    throw_to_waiter(broke);
  }
  if (!runs) {
    stay_if_process_ends();
    throw ValueError("Pool not running");
  }
}

void throw_pool_of_another_process() {
  throw RuntimeError("a pool belongs to the process that made it");
}

void report_callback_error(const std::function<void(std::exception_ptr)>& report,
                           const std::exception_ptr& error) noexcept {
  try {
    if (report) {
      report(error);
      return;
    }
    std::rethrow_exception(error);
  } catch (...) {
    const std::string text = describe_current_exception();
    std::fprintf(stderr, "Exception ignored in a callback of a pool:\n%s", text.c_str());
  }
}

bool CallState::is_settled() const noexcept {
  const Phase phase = phase_.load(std::memory_order_acquire);
  // What was called back may use the result.
  return phase == Phase::settled ||
         (phase == Phase::settling &&
          settler_.load(std::memory_order_relaxed) == std::this_thread::get_id());
}

bool CallState::ready() {
  if (!is_settled()) {
    look();
    if (CallbackTurns* const all = turns(); all != nullptr) {
      all->go_on();  // its own may be among them
    }
  }
  return is_settled();
}

bool CallState::wait(os::Deadline deadline) {
  while (!ready()) {
    if (deadline != os::never && deadline <= std::chrono::steady_clock::now()) {
      return false;
    }
    sleep(deadline);
  }
  return true;
}

bool CallState::has_calls() noexcept {
  const std::scoped_lock lock(mutex_);
  return !calls_.empty();
}

bool CallState::cancel() {
  if (ready() || !settle([] { throw Cancelled(); })) {
    return false;
  }
  abandon();
  return true;
}

int CallState::fileno() {
  require_at_home();
  {
    const std::scoped_lock lock(mutex_);
    if (!bell_.read) {
      bell_ = os::make_pipe();
      if (is_settled()) {
        tell(bell_);
      }
    }
  }
  attend();
  look();
  return static_cast<int>(bell_.read.get());
}

void CallState::when_settled(std::function<void()> call) {
  if (const auto late = attach(std::move(call))) {
    make(late);
  }
}

void CallState::call_back(std::function<void()> call) {
  if (auto late = attach(std::move(call))) {
    make_late(std::move(late));
  }
}

/// Returns it when it is late: all is settled.
std::function<void()> CallState::attach(std::function<void()> call) {
  require_at_home();
  {
    const std::scoped_lock lock(mutex_);
    if (is_settled()) {
      return call;
    }
    calls_.push_back(std::move(call));
  }
  attend();
  look();
  return {};
}

/// A call of one that is settled already.
class CallState::LateCall final : public CallbackOwner {
 public:
  LateCall(std::shared_ptr<CallState> state, std::function<void()> call) noexcept
      : state_(std::move(state)), call_(std::move(call)) {}
  void make_calls() noexcept override { state_->make(call_); }

 private:
  std::shared_ptr<CallState> state_;
  std::function<void()> call_;
};

void CallState::make_late(std::function<void()> call) {
  CallbackTurns* const all = turns();
  if (all == nullptr || all->is_maker()) {
    make(call);
  } else {
    all->take(std::make_shared<LateCall>(shared_from_this(), std::move(call)));
  }
}

bool CallState::begin_settling() noexcept {
  Phase expected = Phase::pending;
  if (!phase_.compare_exchange_strong(expected, Phase::settling)) {
    return false;
  }
  settler_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  return true;
}

/// False when there are calls to be made first.
bool CallState::settle_without_calls() noexcept {
  const std::scoped_lock lock(mutex_);
  if (!calls_.empty()) {
    return false;
  }
  phase_.store(Phase::settled, std::memory_order_release);
  tell(bell_);
  return true;
}

/// None means that it is settled now.
std::vector<std::function<void()>> CallState::next_calls() noexcept {
  if (settle_without_calls()) {
    return {};
  }
  const std::scoped_lock lock(mutex_);
  return std::exchange(calls_, {});
}

void CallState::finish_settling() noexcept {
  if (!settle_without_calls()) {
    // Until they are made it is not settled for this thread either.
    settler_.store(std::thread::id(), std::memory_order_relaxed);
    if (CallbackTurns* const all = turns(); all != nullptr) {
      all->take(std::shared_ptr<CallbackOwner>(shared_from_this(), this));
    } else {
      make_calls();
    }
  }
  wake();
}

void CallState::make_calls() noexcept {
  settler_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  for (auto calls = next_calls(); !calls.empty(); calls = next_calls()) {
    for (const auto& call : calls) {
      make(call);
    }
  }
  wake();
}

void CallState::make(const std::function<void()>& call) noexcept {
  try {
    call();
  } catch (...) {
    report(std::current_exception());
  }
}

}  // namespace multiprocess::detail
