// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/pool_engine.hpp>

#include <multiprocess/detail/call_state.hpp>
#include <multiprocess/detail/chunk_run.hpp>
#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/pool_nesting.hpp>
#include <multiprocess/detail/shipment.hpp>
#include <multiprocess/detail/worker.hpp>
#include <multiprocess/error.hpp>

#include <algorithm>
#include <climits>
#include <utility>

namespace multiprocess::detail {
namespace {

/// One without workers lies nowhere.
std::uint32_t depth_of(const PoolPlan& plan) noexcept {
  return plan.inline_tasks ? 0 : pool_nesting().depth + 1;
}

}  // namespace

PoolEngine::PoolEngine(PoolPlan plan)
    : plan_(std::move(plan)),
      board_(make_board(plan_.workers.count, depth_of(plan_))),
      creator_(this_participant()),
      workers_(plan_.workers, board_),
      lanes_(board()),
      sentences_(board(), workers_),
      service_(*this) {
  require_room(board());
  board().most_chunks = plan_.chunks_per_worker;
  board().most_memory = plan_.memory_per_worker;
  board().seed = plan_.seed.value_or(0);
  if (!plan_.trace_file.empty()) {
    trace_ = std::make_unique<TraceFile>(plan_.trace_file);
  }
}

std::shared_ptr<PoolEngine> PoolEngine::start(PoolPlan plan) {
  auto engine = std::make_shared<PoolEngine>(std::move(plan));
  if (!engine->plan_.inline_tasks) {
    engine->workers_.start_all();
    try {
      engine->service_.start(engine);
    } catch (...) {
      engine->workers_.give_up();
      throw;
    }
  }
  return engine;
}

PoolEngine::~PoolEngine() {
  if (!is_at_home()) {
    return;  // a forked child's copy
  }
  live_.clear();
  if (const Offset message = board().exit_call.load(); message != 0) {
    Message::drop(message);
  }
  step::store(board().tidy, parts_.load() == 0 && workers_.died() == 0 ? 1 : 0);
}

// ---- orders

void PoolEngine::require_running() {
  require_at_home();
  if (state() != State::run) {
    const std::scoped_lock lock(mutex_);
    require_running_pool(broken_, false);
  }
}

bool PoolEngine::try_submit(const std::shared_ptr<Order>& order, State latest) {
  require_at_home();
  LiveOrders removed;  // they go when the lock is free again: what they hold may use the pool
  std::uint64_t called = 0;
  {
    // Whoever ends the pool says so before it takes the lock: none is added behind its back.
    const std::scoped_lock lock(mutex_);
    if (broken_ != nullptr || state() > latest) {
      return false;
    }
    if (live_.size() >= sweep_at_) {
      sweep(removed);
    }
    called = lanes_.append(order->place(), order->terms().priority);
    live_.add(order);  // for those who fail, free and end: then it is in its lane
    counts_.submitted += order->terms().items;
  }
  call_workers(board(), called);
  if (plan_.inline_tasks) {
    work_inline();
  } else if (order->terms().time_limit.count() != 0 || order->shows_progress()) {
    call_attention(board());
  }
  return true;
}

void PoolEngine::submit(const std::shared_ptr<Order>& order) {
  if (!try_submit(order, State::run)) {
    const std::scoped_lock lock(mutex_);
    require_running_pool(broken_, false);
  }
}

std::exception_ptr PoolEngine::submit_more(const std::shared_ptr<Order>& order) {
  if (try_submit(order, State::close)) {
    return nullptr;
  }
  const std::scoped_lock lock(mutex_);
  return broken_ != nullptr ? broken_
                            : std::make_exception_ptr(Cancelled("the pool was terminated"));
}

void PoolEngine::add_feed(std::shared_ptr<ImapFeed> feed) {
  if (!feeds_.add_unless(std::move(feed), [this] { return state() != State::run; })) {
    require_running();
  }
}

void PoolEngine::remove_feed(const ImapFeed& feed) noexcept {
  if (is_at_home() && feeds_.remove(feed) && state() == State::close) {
    let_workers_leave();
  }
}

void PoolEngine::work_inline() {
  const std::scoped_lock lock(inline_mutex_);
  ++inline_depth_;
  work_here(board_);
  if (--inline_depth_ == 0) {
    service_.settle_complete();
  }
}

void PoolEngine::was_read(Order& order) noexcept {
  LiveOrders removed;
  const std::scoped_lock lock(mutex_);
  if (!LiveOrders::is_live(order)) {
    return;
  }
  read_[read_count_++] = &order;
  if (read_count_ == read_.size() || order.is_heavy()) {
    sweep_read(removed);
  }
}

/// Null when there are none, and there will be none. Under the lock.
const Lanes::Look* PoolEngine::look_for_workers() noexcept {
  const Lanes::Look& look = lanes_.advance();
  return service_.runs() || plan_.inline_tasks ? &look : nullptr;
}

/// Frees what was read lately, as long as its memory is at hand; what cannot go yet is left for the
/// next time when it is heavy, else for the great sweep. Under the lock.
void PoolEngine::sweep_read(LiveOrders& removed) noexcept {
  std::size_t left = 0;
  if (inline_depth_ == 0) {
    const Lanes::Look* const workers = look_for_workers();
    for (std::size_t i = 0; i < read_count_; ++i) {
      if (read_[i]->complete() && read_[i]->release(workers)) {
        live_.give_up(*read_[i], removed);
      } else if (read_[i]->is_heavy()) {
        read_[left++] = read_[i];
      }
    }
  }
  read_count_ = left == read_.size() ? 0 : left;
}

/// Frees what nobody needs any more. Under the lock.
void PoolEngine::sweep(LiveOrders& removed) noexcept {
  if (inline_depth_ != 0 || live_.size() == 0) {  // at the end the lanes go with the orders
    return;
  }
  read_count_ = 0;
  const Lanes::Look* const workers = look_for_workers();
  for (auto next = live_.begin(); next != live_.end();) {
    const std::shared_ptr<Order>& order = *next++;
    if (is_over(order) && order->release(workers)) {
      live_.give_up(*order, removed);
    }
  }
  sweep_at_ = std::max<std::size_t>(64, 2 * live_.size());
}

/// It is complete and was read, or nobody is left who could read it.
bool PoolEngine::is_over(const std::shared_ptr<Order>& order) noexcept {
  if (order->is_read()) {
    return order->complete();
  }
  if (order.use_count() > 1 || !order->complete() || order->batch().has(Batch::attended) ||
      order->owes_progress()) {
    return false;
  }
  order->account();
  return true;
}

void PoolEngine::account_for(const Order& order) {
  const std::uint64_t failed = order.failures();
  counts_.failed += failed;
  counts_.completed += order.terms().items - std::min(failed, order.terms().items);
  if (trace_ != nullptr) {
    trace_->add(order.batch(), readable(order.terms().task));
  }
}

void PoolEngine::abandon(Order& order) noexcept {
  counts_.cancelled += order.terms().items;
  order.withdraw();
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& live : live_) {
      if (live.get() == &order) {
        sentences_.condemn(live);
        break;
      }
    }
  }
  call_attention(board());
}

void PoolEngine::report(std::exception_ptr error) const noexcept {
  report_callback_error(plan_.on_callback_error, error);
}

PoolStats PoolEngine::stats() const {
  PoolStats all{counts_.submitted,  counts_.completed, counts_.failed,
                counts_.cancelled,  counts_.retried,   counts_.timed_out,
                workers_.started(), workers_.died(),   workers_.retired()};
  const std::vector<int> pids = workers_.pids_by_place();
  const std::uint64_t now = nanoseconds_now();
  for (std::uint32_t i = 0; i < size(); ++i) {
    const Place& here = board().place(i);
    const std::uint64_t busy = here.busy.load(std::memory_order_relaxed);
    const std::uint64_t since = here.ready_at.load(std::memory_order_relaxed);
    const std::uint64_t lived = since == 0 || pids[i] == 0 ? busy : now - since;
    all.workers.push_back({pids[i], std::chrono::nanoseconds(busy),
                           std::chrono::nanoseconds(lived - std::min(lived, busy))});
    for (const SlowTask& task : here.slowest) {
      if (task.nanoseconds != 0) {
        all.slowest_tasks.push_back(
            {std::chrono::nanoseconds(task.nanoseconds), task.number, task.item});
      }
    }
  }
  std::sort(all.slowest_tasks.begin(), all.slowest_tasks.end(),
            [](const SlowestTask& a, const SlowestTask& b) { return a.duration > b.duration; });
  all.slowest_tasks.resize(std::min<std::size_t>(all.slowest_tasks.size(), 5));
  return all;
}

// ---- the end

void PoolEngine::close() noexcept {
  State expected = State::run;
  state_.compare_exchange_strong(expected, State::close);  // raw: ours
  if (is_at_home() && feeds_.any() == nullptr) {
    let_workers_leave();
  }
}

void PoolEngine::let_workers_leave() noexcept {
  step::store(board().closing, 1, std::memory_order_seq_cst);
  call_workers(board(), INT_MAX);
  if (is_idle()) {
    workers_.expect_end();
  }
  call_attention(board());
}

/// Nothing is to be done: no worker that dies has to be replaced.
bool PoolEngine::is_idle() const noexcept {
  const std::scoped_lock lock(mutex_);
  return std::all_of(live_.begin(), live_.end(),
                     [](const auto& order) { return order->complete(); });
}

void PoolEngine::terminate() noexcept {
  if (!is_at_home()) {
    return;
  }
  state_.store(State::terminate, std::memory_order_seq_cst);  // raw: ours
  step::store(board().closing, 1, std::memory_order_seq_cst);
  fail_all(std::make_exception_ptr(Cancelled("the pool was terminated")));
  call_workers(board(), INT_MAX);  // who has nothing to do leaves, and writes out what it printed
  call_attention(board());
  service_.wait_for_end();
  LiveOrders left;  // they keep the pool, and go when its lock is free again
  const std::scoped_lock lock(mutex_);
  if (!service_.runs()) {
    live_.give_up_all(left);
    read_count_ = 0;
  }
}

void PoolEngine::join() {
  if (state() == State::run) {
    throw ValueError("Pool is still running");
  }
  require_at_home();
  while (const auto feed = plan_.inline_tasks ? nullptr : feeds_.any()) {
    feed->read_all();
    remove_feed(*feed);
  }
  service_.wait_for_end();
}

void PoolEngine::fail_all(const std::exception_ptr& error) noexcept {
  const CallbackTurns::Coming coming(&callback_turns_);
  Orders owing;  // a last progress, which may wait for others
  for (const auto& order : live_if([](const auto&) { return true; })) {
    if (!order->complete()) {
      order->fail(error);
      order->withdraw();  // later, or it would look complete
    } else if (order->owes_progress()) {
      owing.push_back(order);
    } else {
      order->on_complete();
    }
  }
  for (const auto& order : owing) {
    if (order->end_progress()) {  // else it is settled by who tells the last one
      order->on_complete();
    }
  }
  wake_waiters();
}

void PoolEngine::set_exit_call(const Job& job) {
  ScratchBuffer buffer;
  Outgoing beside(false);
  OutputArchive archive(*buffer);
  job.save(archive);
  const Offset message = Message::prepare(buffer->size(), beside.refs());
  Message::write(message, buffer->bytes().data());
  adopt_message(board(), message);
  if (step::exchange(board().exit_call, message) != 0) {
    count_parts(1);  // a worker may be reading the former one: it goes with the board
  }
}

}  // namespace multiprocess::detail
