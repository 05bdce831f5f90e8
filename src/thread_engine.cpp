// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/thread_engine.hpp>

#include <multiprocess/detail/call_state.hpp>
#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/detail/process_state.hpp>
#include <multiprocess/detail/type_name.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <utility>

namespace multiprocess::detail {

namespace {

constexpr std::size_t most_slowest = 5;

bool is_slower(const SlowestTask& a, const SlowestTask& b) {
  return a.duration > b.duration;
}

}  // namespace

ThreadEngine::Here& ThreadEngine::here() noexcept {
  constinit static thread_local Here only{};
  return only;
}

ThreadEngine::ThreadEngine(ThreadPlan plan)
    : plan_(std::move(plan)), creator_(current_pid()), hands_(plan_.count) {
  for (std::uint32_t i = 0; i < plan_.count; ++i) {
    hands_[i].index = i;
  }
  if (!plan_.trace_file.empty()) {
    trace_ = std::make_unique<TraceFile>(plan_.trace_file);
  }
}

ThreadEngine::~ThreadEngine() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) {
      thread.detach();  // it is the one that destroys us
    }
  }
}

std::shared_ptr<ThreadEngine> ThreadEngine::start(ThreadPlan plan) {
  auto engine = std::make_shared<ThreadEngine>(std::move(plan));
  if (engine->plan_.inline_tasks) {
    engine->prepare(engine->hands_[0]);
  } else {
    engine->start_threads();
  }
  return engine;
}

void ThreadEngine::start_threads() {
  threads_.reserve(hands_.size());
  try {
    for (Hand& hand : hands_) {
      queue_.add_thread();
      threads_.emplace_back([self = shared_from_this(), &hand] { self->live(hand); });
    }
  } catch (...) {
    queue_.remove_thread();
    terminate();
    throw;
  }
}

// ---- the life of a thread

void ThreadEngine::live(Hand& hand) noexcept {
  here() = {this, &hand};
  if (prepare(hand)) {
    std::optional<ThreadQueue::Work> work = queue_.next(std::nullopt);
    while (work) {
      do_work(hand, *work);
      work = queue_.next(std::move(work));
    }
  } else {
    queue_.remove_thread();
  }
  leave(hand);
}

/// A thread that stumbles once is forgiven.
bool ThreadEngine::prepare(Hand& hand) noexcept {
  hand.thread_number = os::current_thread_number();
  hand.began = nanoseconds_now();
  for (bool again = true;; again = false) {
    try {
      if (!plan_.cpus.empty() && !plan_.inline_tasks) {
        os::run_on_cpu(plan_.cpus[hand.index % plan_.cpus.size()]);
      }
      if (auto initializer = plan_.initializer) {
        initializer();
      }
      return true;
    } catch (...) {
      if (!again) {
        break_pool(std::current_exception());
        return false;
      }
    }
  }
}

void ThreadEngine::leave(Hand& hand) noexcept {
  try {
    std::unique_lock lock(mutex_);
    const auto call = exit_call_;
    lock.unlock();
    if (call) {
      call();
    }
  } catch (...) {
    report(std::current_exception());
  }
  hand.left = nanoseconds_now();
}

void ThreadEngine::break_pool(const std::exception_ptr& cause) noexcept {
  const std::exception_ptr broken = broken_pool(
      cause, "the threads of the pool cannot work: their initializer throws again and again");
  {
    const std::scoped_lock lock(mutex_);
    if (broken_ == nullptr) {
      broken_ = broken;
    }
  }
  end_with(broken);
}

// ---- orders

void ThreadEngine::require_at_home() const {
  if (current_pid() != creator_) {
    throw_pool_of_another_process();
  }
}

void ThreadEngine::require_running() const {
  require_at_home();
  const std::scoped_lock lock(mutex_);
  require_running_pool(broken_, state() == State::run);
}

void ThreadEngine::submit_more(const std::shared_ptr<ThreadOrder>& order) {
  if (order->terms().time_limit.count() != 0) {
    watch_.start([self = shared_from_this()] { here() = {self.get(), nullptr}; });
  }
  counts_.submitted += order->terms().items;
  switch (queue_.put(order)) {
    case ThreadQueue::Put::queued:
      break;
    case ThreadQueue::Put::no_threads:
      do_here(order);
      break;
    case ThreadQueue::Put::terminated:
      order->withdraw(why_terminated());
      break;
  }
}

void ThreadEngine::submit_again(const std::shared_ptr<ThreadOrder>& order) {
  if (queue_.put(order) == ThreadQueue::Put::no_threads) {
    queue_.drop(*order);  // the caller is at it anyway
  }
}

std::exception_ptr ThreadEngine::why_terminated() const {
  const std::scoped_lock lock(mutex_);
  return broken_ != nullptr ? broken_
                            : std::make_exception_ptr(Cancelled("the pool was terminated"));
}

// ---- work

/// As long as nothing is more urgent.
void ThreadEngine::do_work(Hand& hand, ThreadQueue::Work& work) noexcept {
  std::optional<ThreadOrder::Chunk> next = work.chunk;
  for (std::uint64_t now = nanoseconds_now(); next;) {
    work.chunk = *next;
    now = do_chunk(hand, work, now);
    next = queue_.has_before(*work.order) ? std::nullopt : work.order->claim();
  }
}

/// What time it is then.
std::uint64_t ThreadEngine::do_chunk(Hand& hand, const ThreadQueue::Work& work,
                                     std::uint64_t begin) noexcept {
  ++hand.depth;
  work.order->work_on(work.order, work.chunk);
  --hand.depth;
  const std::uint64_t end = nanoseconds_now();
  note(hand, work, begin, end);
  return end;
}

void ThreadEngine::note(Hand& hand, const ThreadQueue::Work& work, std::uint64_t begin,
                        std::uint64_t end) noexcept {
  if (hand.depth == 0) {
    hand.busy.fetch_add(end - begin, std::memory_order_relaxed);
  }
  const ThreadOrder& order = *work.order;
  const std::uint64_t first = order.item_number(work.chunk.begin);
  if (end - begin > hand.slow) {
    const std::scoped_lock lock(mutex_);
    hand.slowest.push_back({std::chrono::nanoseconds(end - begin), order.number(), first});
    std::sort(hand.slowest.begin(), hand.slowest.end(), is_slower);
    if (hand.slowest.size() > most_slowest) {
      hand.slowest.pop_back();
      hand.slow = static_cast<std::uint64_t>(hand.slowest.back().duration.count());
    }
  }
  if (trace_ != nullptr) {
    trace_->add({readable(order.terms().task), hand.index, hand.thread_number, begin, end,
                 order.number(), first, order.item_number(work.chunk.end)});
  }
}

/// Where there are no threads: in the calling one.
void ThreadEngine::do_here(const std::shared_ptr<ThreadOrder>& order) {
  while (const auto chunk = order->claim()) {
    order->work_on(order, *chunk);
  }
  queue_.drop(*order);
}

bool ThreadEngine::help(const std::shared_ptr<ThreadOrder>& order) {
  if (!is_here() || here().hand == nullptr) {
    return false;
  }
  const auto chunk = order->claim();
  if (!chunk) {
    return false;
  }
  queue_.take(order);
  do_chunk(*here().hand, {order, *chunk}, nanoseconds_now());
  queue_.drop(*order);
  return true;
}

// ---- the end

void ThreadEngine::close() noexcept {
  if (current_pid() == creator_) {
    queue_.close();
  }
}

/// Whatever is not done ends like that.
void ThreadEngine::end_with(const std::exception_ptr& why) noexcept {
  for (const auto& order : queue_.terminate()) {
    order->withdraw(why);
  }
}

void ThreadEngine::terminate() noexcept {
  if (current_pid() != creator_) {
    return;
  }
  end_with(std::make_exception_ptr(Cancelled("the pool was terminated")));
  watch_.end_soon();
  if (!is_here()) {
    join_threads();
  }
}

void ThreadEngine::join() {
  if (state() == State::run) {
    throw ValueError("Pool is still running");
  }
  if (is_here()) {
    throw RuntimeError("cannot join the current thread");
  }
  if (current_pid() == creator_) {
    join_threads();
  }
}

void ThreadEngine::join_threads() noexcept {
  queue_.hurry();
  {
    const std::scoped_lock lock(join_mutex_);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) {
        thread.join();
      }
    }
    watch_.finish();
  }
  callback_turns_.wait_until_made();
}

void ThreadEngine::set_exit_call(std::function<void()> call) {
  const std::scoped_lock lock(mutex_);
  exit_call_.swap(call);
}

// ---- what is told

void ThreadEngine::report(const std::exception_ptr& error) const noexcept {
  report_callback_error(plan_.on_callback_error, error);
}

CallbackTurns* ThreadEngine::callback_turns() noexcept {
  return current_pid() == creator_ ? &callback_turns_ : nullptr;
}

PoolStats ThreadEngine::stats() const {
  PoolStats all{counts_.submitted, counts_.completed, counts_.failed, counts_.cancelled, 0,
                counts_.timed_out, threads_.size()};
  const std::uint64_t now = nanoseconds_now();
  const std::scoped_lock lock(mutex_);
  for (const Hand& hand : hands_) {
    const std::uint64_t busy = hand.busy;
    const std::uint64_t began = hand.began;
    const std::uint64_t lived = began == 0 ? 0 : (hand.left != 0 ? hand.left.load() : now) - began;
    all.workers.push_back({hand.thread_number, std::chrono::nanoseconds(busy),
                           std::chrono::nanoseconds(lived - std::min(lived, busy))});
    all.slowest_tasks.insert(all.slowest_tasks.end(), hand.slowest.begin(), hand.slowest.end());
  }
  std::sort(all.slowest_tasks.begin(), all.slowest_tasks.end(), is_slower);
  all.slowest_tasks.resize(std::min(all.slowest_tasks.size(), most_slowest));
  return all;
}

}  // namespace multiprocess::detail
